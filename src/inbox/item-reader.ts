/** What commands see of batches and their items. Part of reader.ts, in SQL that both databases understand. */
import { iso } from '../base/times.ts';
import { idInBatch, inBatchSql, placeInBatch } from './event-id.ts';
import { EVENT_STATE_NAMES, type StateName, statesInSql } from './event-states.ts';
import type { SearchTables } from './fresh-keys.ts';
import { ITEMS_SPAN } from './items.ts';
import type { ItemState, ListState } from './summary.ts';

/** So many items are shown of an event, those first that wait for a person. */
const SHOWN_MOST = 200;
const ENDS = statesInSql('end');
/** Of an item that has ended and has no work any more, its last end. */
const LAST_END = `ended.outcome IN (${ENDS})
  AND NOT EXISTS (SELECT 1 FROM work WHERE work.event = ended.event AND work.handler = ended.handler)
  AND NOT EXISTS (SELECT 1 FROM attempts AS later WHERE later.event = ended.event AND later.handler = ended.handler
    AND later.outcome IN (${ENDS}) AND (later.started_at, later.attempt) > (ended.started_at, ended.attempt))`;
const OPEN_ITEM = 'event > $1 AND event <= $2 AND batch = $1';
const ENDED_ITEM = `event > $1 AND ${inBatchSql('event', '$1', '$2')} AND ${LAST_END}`;

/** The number of the event that has an item of this number. */
export async function batchOfItem({ all }: SearchTables, item: number): Promise<number | undefined> {
  const [row] = await all<{ event: number }>(
    `SELECT event FROM batches WHERE event < $1 AND event >= $2 AND ${inBatchSql('$1', 'event', 'last')}`,
    item,
    item - ITEMS_SPAN,
  );
  return row?.event;
}

/** Of those of the events that are batches: the last number of an item. */
async function lastOfBatches(
  { all, isAmong, numbersIn }: SearchTables,
  events: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const sql = `SELECT event, last FROM batches WHERE ${isAmong('event', numbersIn('$1'))}`;
  const rows = await all<{ event: number; last: number }>(sql, JSON.stringify(events));
  return new Map(rows.map(({ event, last }) => [event, last]));
}

/** Of those of the events that are batches: how many of their items are in which state. */
export async function listsOfBatches(tables: SearchTables, events: readonly number[]) {
  const lists = new Map<number, readonly (ListState & { readonly state: StateName })[]>();
  for (const [event, last] of await lastOfBatches(tables, events)) {
    const states = await listStatesOf(tables, event, last);
    lists.set(
      event,
      states.map((list) => ({ ...list, state: firstState(list.items) })),
    );
  }
  return lists;
}

/** What is shown of a batch, or of an item of `batch`, beside what is shown of every event. */
export async function itemsShown(tables: SearchTables, number: number, batch: number | undefined) {
  if (batch !== undefined) return { place: placeInBatch(batch, number) };
  const last = (await lastOfBatches(tables, [number])).get(number);
  return last === undefined ? {} : { items: await itemStatesOf(tables, number, last) };
}

/** How many items of an event are in which state, for each handler that takes them one by one. */
async function listStatesOf(
  { all }: SearchTables,
  event: number,
  last: number,
): Promise<readonly ListState[]> {
  const rows = await all<{ handler: string; state: StateName; count: number }>(
    `SELECT handler, state, count(*) AS count FROM work WHERE ${OPEN_ITEM} GROUP BY handler, state UNION ALL
     SELECT handler, outcome, count(*) FROM attempts AS ended WHERE ${ENDED_ITEM} GROUP BY handler, outcome UNION ALL
     SELECT handler, state, ${placeInBatch(event, last) + 1} - item_length FROM work WHERE event = $1 AND batch = $1`,
    event,
    last,
  );
  return [...Map.groupBy(rows, ({ handler }) => handler)].map(([handler, ofHandler]) => {
    const items: Partial<Record<StateName, number>> = {};
    for (const { state, count } of ofHandler) items[state] = (items[state] ?? 0) + Number(count);
    return { handler, items };
  });
}

/** Those that wait for a person first, then what is to do, then what is over; each in the order of the list. */
async function itemStatesOf(
  { all }: SearchTables,
  event: number,
  last: number,
): Promise<readonly ItemState[]> {
  const order = EVENT_STATE_NAMES.toSorted((one, other) => placeInRanks(one) - placeInRanks(other));
  const rank = `CASE state ${order.map((state, at) => `WHEN '${state}' THEN ${at}`).join(' ')} END`;
  const rows = await all<Omit<ItemState, 'id' | 'due'> & { number: number; due: number }>(
    `SELECT * FROM (
       SELECT event AS number, handler, state, attempts, due, CASE WHEN attempts > 0 THEN
         (SELECT error FROM attempts AS last WHERE last.event = work.event AND last.handler = work.handler
          ORDER BY started_at DESC, attempt DESC LIMIT 1) END AS error
       FROM work WHERE ${OPEN_ITEM} UNION ALL
       SELECT event, handler, outcome, attempt, 0, error FROM attempts AS ended WHERE ${ENDED_ITEM}) AS item
     ORDER BY ${rank}, number, handler LIMIT ${SHOWN_MOST}`,
    event,
    last,
  );
  return rows.map(({ number, due, ...row }) => {
    return {
      id: idInBatch(number, event),
      ...row,
      due: row.state === 'pending' && due > 0 ? iso(due) : null,
    };
  });
}

const RANKS: readonly StateName[] = ['dead', 'held', 'handling', 'pending', 'discarded', 'done'];
const placeInRanks = (state: StateName) => RANKS.indexOf(state);

/** Of many items the state that a person should know of first. */
function firstState(items: ListState['items']): StateName {
  return RANKS.find((state) => (items[state] ?? 0) > 0) ?? 'done';
}
