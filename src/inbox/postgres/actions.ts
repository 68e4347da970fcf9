/**
 * The statements for ../actions.ts: each function is part of a transaction. Whoever takes a step holds a lock, so that of all
 * replicas one is at it; a replica that dies leaves a step undone, and the next one takes it.
 */
import {
  ACTION_AHEAD,
  type ActionAhead,
  type ActionDelivery,
  type ActionRow,
  actionAhead,
  boundaryOfStep,
  cancelledBy,
  isUnderWork,
  newestNumber,
  sortOut,
} from '../action-steps.ts';
import {
  ACTION_COLUMNS,
  type ActionRecord,
  type ActionWish,
  actionFrom,
  flawInAction,
  type NotedAction,
  type StoredAction,
} from '../actions.ts';
import type { Route } from '../contract.ts';
import { deliveriesIn, type SqlText } from '../selection-steps.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { type Asked, NOW_MS } from './connection.ts';
import { discardSelected, replayByBody, replayEnded, replayOpen } from './replays.ts';
import { POSTGRES_SELECTION } from './selection.ts';

const ACTIONS_LOCK = 0x4373_6761;

async function rowsOf<Row extends object>(asked: Asked, { sql, values }: SqlText): Promise<Row[]> {
  return (await asked.query<Row>(sql, [...values])).rows;
}

/** Rejects if it makes no sense. */
export async function startActionIn(asked: Asked, wish: ActionWish): Promise<ActionRecord> {
  const flaw = flawInAction(wish);
  if (flaw) throw new Error(`${wish.verb} ${flaw}`);
  const { verb, selection, who, found = 0 } = wish;
  const [newest] = await rowsOf<{ number: number | null }>(asked, newestNumber(Date.now()));
  const { rows } = await asked.query<StoredAction>(
    `INSERT INTO actions (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed)
     VALUES (${NOW_MS}, $1, $2, $3, $4, -1, 'running', $5, 0, 0, 0) RETURNING ${ACTION_COLUMNS}`,
    [who, verb, JSON.stringify(selection), wish.upTo ?? newest?.number ?? 0, found],
  );
  return actionFrom(rows[0] as StoredAction);
}

export async function noteActionIn(asked: Asked, { who, verb, about, changed }: NotedAction): Promise<void> {
  await asked.query(
    `INSERT INTO actions (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed, ended_at)
     VALUES (${NOW_MS}, $1, $2, $3, 0, 0, 'done', $4, $4, 0, 0, ${NOW_MS})`,
    [who, verb, JSON.stringify(about), changed],
  );
}

/** Rejects if there is none, or if it is over. A step that is under way is waited for. */
export async function cancelActionIn(asked: Asked, id: number, who: string): Promise<ActionRecord> {
  const found = await asked.query<StoredAction>(
    `SELECT ${ACTION_COLUMNS} FROM actions WHERE id = $1 FOR UPDATE`,
    [id],
  );
  const [row] = found.rows;
  if (!row) throw new Error(`there is no action ${id}`);
  if (row.state !== 'running') throw new Error(`action ${id} is ${row.state} already`);
  const { rows } = await asked.query<StoredAction>(
    `UPDATE actions SET state = 'cancelled', ended_at = ${NOW_MS}, remark = $2 WHERE id = $1 RETURNING ${ACTION_COLUMNS}`,
    [id, cancelledBy(who, row.remark)],
  );
  return actionFrom(rows[0] as StoredAction);
}

export async function readActions(asked: Asked, limit: number): Promise<ActionRecord[]> {
  const { rows } = await asked.query<StoredAction>(
    `SELECT ${ACTION_COLUMNS} FROM actions ORDER BY id DESC LIMIT $1`,
    [limit],
  );
  return rows.map(actionFrom);
}

/** Carries on with the oldest action that is under way. */
export async function stepIn(
  asked: Asked,
  sources: ReadonlyMap<string, StoredSource>,
  looks: number,
): Promise<'stepped' | 'busy' | 'none'> {
  const lock = await asked.query<{ got: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS got', [
    ACTIONS_LOCK,
  ]);
  if (!lock.rows[0]?.got) return 'busy';
  const ahead = await asked.query<ActionRow>(`${ACTION_AHEAD} FOR UPDATE`);
  const [row] = ahead.rows;
  if (!row) return 'none';
  const action = actionAhead(row);
  const { id, verb, selection, range } = action;
  const context = { tables: POSTGRES_SELECTION, sources: [...sources.keys()] };
  const [boundary] = await rowsOf<{ last: number | null }>(
    asked,
    boundaryOfStep(selection, context, range, looks),
  );
  const last = boundary?.last ?? null;
  if (last === null) {
    await endAction(asked, action);
    return 'stepped';
  }
  const step = deliveriesIn(selection, context, { ...range, upTo: last });
  const routes = routesOf(sources);
  const { able, result } = sortOut(verb, await rowsOf<ActionDelivery>(asked, step), routes, action.remark);
  const changed = await changeAll(asked, routes, action, able);
  await asked.query(
    `UPDATE actions SET cursor = $2, changed = changed + $3, skipped = skipped + $4, failed = failed + $5, remark = $6
     WHERE id = $1`,
    [id, last, changed, result.skipped + able.length - changed, result.failed, result.remark],
  );
  return 'stepped';
}

/** What was counted and not met is not in that state any more. */
async function endAction(asked: Asked, { id, remark }: ActionAhead): Promise<void> {
  await asked.query(
    `UPDATE actions SET state = 'done', ended_at = ${NOW_MS}, remark = $2, found = greatest(found, changed + skipped + failed),
       skipped = greatest(found, changed + skipped + failed) - changed - failed WHERE id = $1`,
    [id, remark],
  );
}

/** Answers with how many have changed: the others did in the meantime, or are overtaken. */
async function changeAll(
  asked: Asked,
  routes: ReadonlyMap<string, Route>,
  { verb }: ActionAhead,
  able: readonly ActionDelivery[],
): Promise<number> {
  if (able.length === 0) return 0;
  if (verb === 'discard') return await discardSelected(asked, able);
  const isRead = (delivery: ActionDelivery) => {
    const { latest, items } = routes.get(delivery.handler) ?? {};
    const hasRow = isUnderWork(delivery) && delivery.event !== delivery.whole;
    return latest !== undefined || (items !== undefined && !hasRow);
  };
  const plain = able.filter((delivery) => !isRead(delivery));
  let changed = await replayOpen(asked, plain.filter(isUnderWork));
  changed += await replayEnded(
    asked,
    plain.filter((delivery) => !isUnderWork(delivery)),
  );
  for (const delivery of able.filter(isRead)) {
    if (await replayByBody(asked, routes, delivery)) changed++;
  }
  return changed;
}

/** Of the action that is under way. */
export async function remarkAhead(asked: Asked, remark: string): Promise<void> {
  const ahead = "SELECT min(id) FROM actions WHERE state = 'running'";
  await asked.query(`UPDATE actions SET remark = $1 WHERE id = (${ahead})`, [remark]);
}
