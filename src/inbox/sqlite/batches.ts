/**
 * Batches in SQLite: numbers are reserved for items, and lists become rows of `work`, step by step. Each function is part of a
 * transaction of store.ts. The rules stand in ../items.ts.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Route } from '../contract.ts';
import { inBatchSql, itemNumber, nextNumber } from '../event-id.ts';
import type { WorkState } from '../event-states.ts';
import { cutItem, ITEMS_SPAN, namesOfItem, type Part, splitItems } from '../items.ts';
import { DISCARDED_BY_HAND } from '../order.ts';
import { prepareQuery, type SqlRow } from '../sqlite-file.ts';
import type { StoredEvent } from './statements.ts';
import type { Turn } from './turn.ts';
import { replayInTurn } from './work.ts';

/** So many rows in one transaction, to keep it short. */
const SPLIT_STEP = 250;

export function ofBatches(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const query = <Row extends SqlRow<Row>>(sql: string) => prepareQuery<Row>(database, sql);
  const openItems = `FROM work WHERE event BETWEEN $event AND (SELECT last FROM batches WHERE event = $event)
    AND handler = $handler AND coalesce(batch, event) = $event AND state <> 'handling'`;
  return {
    insertBatch: prepare('INSERT INTO batches (event, last) VALUES (?, ?)'),
    deleteBatch: prepare('DELETE FROM batches WHERE event = ?'),
    lastOfBatch: query<{ last: number }>('SELECT last FROM batches WHERE event = ?'),
    /** Of an event that is one, or of an item. */
    batchOf: query<{ event: number; last: number }>(`SELECT event, last FROM batches
      WHERE event <= $number AND event >= $number - ${ITEMS_SPAN} AND ${inBatchSql('$number', 'event', 'last')}`),
    planSplit: prepare(`INSERT INTO work
      (event, handler, state, attempts, due, alone, behind, since, batch, item_at, item_length)
      VALUES ($event, $handler, 'pending', 0, $due, 0, 1, $since, $event, 0, 0) ON CONFLICT DO UPDATE
      SET state = 'pending', attempts = 0, due = excluded.due, alone = 0, cause = NULL, thing = NULL, behind = 1,
        since = excluded.since, batch = excluded.batch, item_at = 0, item_length = 0`),
    splitHandlers: query<{ handler: string }>('SELECT DISTINCT handler FROM work WHERE batch = event'),
    /** The parameter: a JSON list of handlers. */
    nextSplit: query<
      { event: number; handler: string; due: number; since: number | null } & Omit<Part, 'batch'>
    >(
      `SELECT event, handler, due, since, item_at AS itemAt, item_length AS itemLength FROM work
      WHERE batch = event AND handler IN (SELECT value FROM json_each(?)) ORDER BY event LIMIT 1`,
    ),
    advanceSplit: prepare('UPDATE work SET item_at = ?, item_length = ? WHERE event = ? AND handler = ?'),
    unsplit: prepare(`UPDATE work SET behind = 0, batch = NULL, item_at = NULL, item_length = NULL
      WHERE batch = event AND handler = ?`),
    countOpenItems: query<{ state: WorkState; count: number }>(
      `SELECT state, count(*) AS count ${openItems} GROUP BY state`,
    ),
    /** Where something is open of the items, and not being handled. */
    workOfItems: query<{ handler: string; state: WorkState }>(`SELECT handler, min(state) AS state FROM work
      WHERE event > ?1 AND event <= ?2 AND batch = ?1 AND state <> 'handling' GROUP BY handler`),
    recordDiscarded: prepare(`INSERT OR REPLACE INTO attempts
      (event, handler, started_at, attempt, ms, outcome, error, status, output)
      SELECT event, handler, $now, 0, 0, 'discarded', $error, NULL, NULL ${openItems}`),
    deleteOpenItems: prepare(`DELETE ${openItems}`),
  };
}

/** A number for an event, with as many free behind it as it has items: a wrong clock may have given some of them. */
export function firstFree(turn: Turn, receivedAt: number, size: number): number {
  let number = nextNumber(turn.last, receivedAt);
  for (;;) {
    const taken = size === 0 ? 0 : lastTaken(turn, itemNumber(number, size - 1));
    if (taken < number) return number;
    number = nextNumber(taken, receivedAt);
  }
}

function lastTaken({ sql }: Turn, upTo: number): number {
  return sql.lastBefore.get(upTo + 1)?.number ?? 0;
}

/** Answers with the last number that is not free any more. */
export function reserveItems({ sql }: Turn, event: number, size: number): number {
  if (size === 0) return event;
  const last = itemNumber(event, size - 1);
  sql.insertBatch.run(event, last);
  return last;
}

/** Its list waits to be split. `from`: the state of the row in whose place this comes. */
export function planSplit(
  turn: Turn,
  event: number,
  handler: string,
  { due = 0, since = null, from }: { due?: number; since?: number | null; from?: WorkState | undefined } = {},
): void {
  turn.sql.planSplit.run({ $event: event, $handler: handler, $due: due, $since: since });
  turn.counts.move(handler, from, 'pending');
  turn.scheduler.hasSplits = true;
}

/** Makes rows of the next items of the oldest list that waits for it. */
export function splitNext(turn: Turn): void {
  const able = [...turn.routes.values()].filter(({ items }) => items).map(({ handler }) => handler);
  const row = turn.sql.nextSplit.get(JSON.stringify(able));
  if (!row) {
    turn.scheduler.hasSplits = false;
    return;
  }
  const { event: batch, handler, itemAt: from, itemLength: done, since, due } = row;
  const { body } = turn.sql.eventForDelivery.get(batch) as StoredEvent;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const step = splitItems(turn.routes.get(handler) as Route, batch, bytes, { from, done, most: SPLIT_STEP });
  for (const { event, state, ...part } of step.items) {
    // Only a list that is split again can meet rows.
    const was = since === null ? undefined : turn.sql.workAt.get(event, handler)?.state;
    if (was !== 'handling') replayInTurn(turn, event, { handler, state, part }, was, due, since);
  }
  if (step.next !== null) {
    turn.sql.advanceSplit.run(step.next, done + step.seen, batch, handler);
    return;
  }
  turn.sql.deleteWork.run(batch, handler);
  turn.counts.move(handler, 'pending', undefined);
}

/** An item as it is handed out, cut from the event that it came in. */
export function itemForDelivery(
  { routes }: Turn,
  batch: StoredEvent,
  handler: string,
  part: Part,
): StoredEvent {
  const body = cutItem(batch.body, part);
  return { ...batch, ...namesOfItem(routes.get(handler)?.items, body), body };
}

/** Discards what is open of a list and not being handled. */
export function discardItems(turn: Turn, event: number, handler: string): boolean {
  const which = { $event: event, $handler: handler };
  const open = turn.sql.countOpenItems.all(which);
  turn.sql.recordDiscarded.run({ ...which, $now: turn.now, $error: DISCARDED_BY_HAND });
  turn.sql.deleteOpenItems.run(which);
  for (const { state, count } of open) turn.counts.move(handler, state, undefined, count);
  return open.length > 0;
}
