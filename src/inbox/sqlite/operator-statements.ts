/** The statements for what people order, prepared once, as those of statements.ts are; and those that a selection makes. */
import type { DatabaseSync } from 'node:sqlite';
import { ACTION_AHEAD, type ActionRow } from '../action-steps.ts';
import { ACTION_COLUMNS, type StoredAction } from '../actions.ts';
import type { Pause } from '../pauses.ts';
import type { SqlText } from '../selection-steps.ts';
import { prepareQuery, type SqlRow } from '../sqlite-file.ts';

/** The rows of a text whose parameters stand as $1, $2, … */
export function rowsFrom<Row extends SqlRow<Row>>(database: DatabaseSync, { sql, values }: SqlText): Row[] {
  const parameters = Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]));
  return prepareQuery<Row>(database, sql).all(parameters);
}

export function operatorStatementsOf(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const query = <Row extends SqlRow<Row>>(sql: string) => prepareQuery<Row>(database, sql);
  return {
    pauses: query<Pause>('SELECT name, since, who, reason FROM pauses ORDER BY name'),
    pauseOf: query<Pause>('SELECT name, since, who, reason FROM pauses WHERE name = ?'),
    setPause: prepare('INSERT OR REPLACE INTO pauses (name, since, who, reason) VALUES (?, ?, ?, ?)'),
    deletePause: prepare('DELETE FROM pauses WHERE name = ?'),
    /** What waits longest for its time need not wait for it any more. */
    makeDue: prepare(`UPDATE work SET due = min(due, $now) WHERE handler = $handler AND event = (
      SELECT event FROM work WHERE handler = $handler AND state = 'pending' AND alone = 0 AND behind = 0
      ORDER BY due, event LIMIT 1)`),

    insertAction: prepare(`INSERT INTO actions
      (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed)
      VALUES ($at, $who, $verb, $about, $upTo, -1, 'running', $found, 0, 0, 0)`),
    noteAction: prepare(`INSERT INTO actions
      (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed, ended_at)
      VALUES ($at, $who, $verb, $about, 0, 0, 'done', $changed, $changed, 0, 0, $at)`),
    actionOf: query<StoredAction>(`SELECT ${ACTION_COLUMNS} FROM actions WHERE id = ?`),
    actions: query<StoredAction>(`SELECT ${ACTION_COLUMNS} FROM actions ORDER BY id DESC LIMIT ?`),
    actionAhead: query<ActionRow>(ACTION_AHEAD),
    advanceAction: prepare(`UPDATE actions SET cursor = $cursor, changed = changed + $changed,
      skipped = skipped + $skipped, failed = failed + $failed, remark = $remark WHERE id = $id`),
    remarkAction: prepare(
      "UPDATE actions SET remark = ? WHERE id = (SELECT min(id) FROM actions WHERE state = 'running')",
    ),
    /** What was counted and not met is not in that state any more. */
    endAction: prepare(`UPDATE actions SET state = $state, ended_at = $now, remark = $remark,
      found = max(found, changed + skipped + failed),
      skipped = CASE WHEN $missed THEN max(found, changed + skipped + failed) - changed - failed ELSE skipped END
      WHERE id = $id`),
    purgeActions: prepare('DELETE FROM actions WHERE ended_at < ?'),
  };
}
