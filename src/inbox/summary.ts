/** Rows of the inbox, as they stand in either database, made into what commands show. For the readers. */

import type { Proof } from '../verify/verifier.ts';
import { idOf } from './event-id.ts';
import type { EndState, WorkState } from './event-states.ts';
import type { AttemptRecord, EventProofs, EventSummary } from './reader.ts';

export type EventRow = Omit<EventSummary, 'id' | 'receivedAt' | 'handlers'> & { readonly receivedAt: number };
export type AttemptRow = Omit<AttemptRecord, 'startedAt'> & { readonly startedAt: number };
export type ProofsRow = Omit<EventProofs, 'proofs'> & { readonly evidence: string | null };

/** A row of `work`: what is still to do. */
export interface OpenRow {
  readonly handler: string;
  readonly state: WorkState;
  readonly attempts: number;
  readonly due: number;
}

/** An attempt that finished it. */
export interface FinishedRow {
  readonly handler: string;
  readonly state: EndState;
  readonly attempts: number;
}

/** `finished`: the latest last. After a replay there are several for one handler. */
export function summaryOf(
  { receivedAt, ...event }: EventRow,
  open: readonly OpenRow[],
  finished: readonly FinishedRow[],
): EventSummary {
  const ends = new Map(finished.map((row) => [row.handler, row]));
  for (const { handler } of open) ends.delete(handler);
  const handlers = [
    ...open.toSorted(byHandler).map(({ handler, state, attempts, due }) => ({
      handler,
      state,
      attempts,
      due: state === 'pending' && due > 0 ? iso(due) : null,
    })),
    ...[...ends.values()]
      .toSorted(byHandler)
      .map(({ handler, state, attempts }) => ({ handler, state, attempts, due: null })),
  ];
  return { ...event, id: idOf(event.number), receivedAt: iso(receivedAt), handlers };
}

type OfHandler = Pick<OpenRow, 'handler'>;

/** Sorts alike for both databases, whose own orders of text differ. */
function byHandler({ handler: one }: OfHandler, { handler: other }: OfHandler): number {
  return one < other ? -1 : Number(one > other);
}

/** Sorts attempts as they were made. */
export function attemptsOf(rows: readonly AttemptRow[]): AttemptRecord[] {
  return rows
    .toSorted((one, other) => one.startedAt - other.startedAt || byHandler(one, other))
    .map((row) => ({ ...row, startedAt: iso(row.startedAt) }));
}

export function proofsOf({ number, source, receivedAt, address, evidence }: ProofsRow): EventProofs {
  return { number, source, receivedAt, address, proofs: JSON.parse(evidence ?? '[]') as Proof[] };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
