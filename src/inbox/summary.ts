/** Rows of the inbox, as they stand in either database, made into what commands show. For the readers. */

import type { Proof } from '../verify/verifier.ts';
import type { WorkState } from './contract.ts';
import { idOf } from './event-id.ts';
import type { AttemptRecord, EventProofs, EventSummary } from './reader.ts';

export type EventRow = Omit<EventSummary, 'id' | 'receivedAt' | 'handlers'> & { readonly receivedAt: number };
export type AttemptRow = Omit<AttemptRecord, 'startedAt'> & { readonly startedAt: number };
export type ProofsRow = Omit<EventProofs, 'proofs'> & { readonly evidence: string | null };

/** What is open stands in `work`. */
export interface OpenRow {
  readonly handler: string;
  readonly state: WorkState;
  readonly attempts: number;
  readonly due: number;
}

/** What is finished, in the last attempt. */
export interface FinishedRow {
  readonly handler: string;
  readonly state: 'done' | 'discarded';
  readonly attempts: number;
}

export function summaryOf(
  { number, receivedAt, source, type, externalId, bytes, held }: EventRow,
  open: readonly OpenRow[],
  finished: readonly FinishedRow[],
): EventSummary {
  const isOpen = new Set(open.map(({ handler }) => handler));
  const handlers = [
    ...open.map(({ handler, state, attempts, due }) => ({
      handler,
      state,
      attempts,
      due: state === 'pending' && due > 0 ? iso(due) : null,
    })),
    ...finished
      .filter(({ handler }) => !isOpen.has(handler))
      .map(({ handler, state, attempts }) => ({ handler, state, attempts, due: null })),
  ];
  const receivedIso = iso(receivedAt);
  return {
    number,
    id: idOf(number),
    receivedAt: receivedIso,
    source,
    type,
    externalId,
    bytes,
    held,
    handlers,
  };
}

export function attemptOf(row: AttemptRow): AttemptRecord {
  return { ...row, startedAt: iso(row.startedAt) };
}

export function proofsOf({ number, source, receivedAt, address, evidence }: ProofsRow): EventProofs {
  return { number, source, receivedAt, address, proofs: JSON.parse(evidence ?? '[]') as Proof[] };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
