/** What becomes of events with each of their handlers: rows of `work`, and attempts that ended it. Part of reader.ts. */
import { statesInSql } from './event-states.ts';
import type { SearchTables } from './fresh-keys.ts';
import { listsOfBatches } from './item-reader.ts';
import { type EventRow, type EventSummary, type StateRow, summaryOf } from './summary.ts';

export async function summariesOf(tables: SearchTables, rows: readonly EventRow[]): Promise<EventSummary[]> {
  const numbers = JSON.stringify(rows.map(({ number }) => number));
  const ofThese = tables.isAmong('event', tables.numbersIn('$1'));
  const open = await tables.all<StateRow & { event: number }>(
    `SELECT event, handler, state, attempts, due, CASE WHEN attempts > 0 AND state IN ('dead', 'pending') THEN
         (SELECT error FROM attempts AS last WHERE last.event = work.event AND last.handler = work.handler
          ORDER BY started_at DESC, attempt DESC LIMIT 1) END AS error
       FROM work WHERE ${ofThese}`,
    numbers,
  );
  const finished = await tables.all<StateRow & { event: number }>(
    `SELECT event, handler, outcome AS state, attempt AS attempts, 0 AS due, NULL AS error FROM attempts
       WHERE ${ofThese} AND outcome IN (${statesInSql('end')}) ORDER BY started_at, attempt`,
    numbers,
  );
  const openOf = Map.groupBy(open, ({ event }) => event);
  const finishedOf = Map.groupBy(finished, ({ event }) => event);
  const listsOf = await listsOfBatches(
    tables,
    rows.map(({ number }) => number),
  );
  return rows.map((row) => {
    const { number } = row;
    return summaryOf(row, openOf.get(number) ?? [], finishedOf.get(number) ?? [], listsOf.get(number));
  });
}
