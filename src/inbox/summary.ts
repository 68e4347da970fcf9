/**
 * What commands see of an inbox: its events, their attempts and their proofs. Below, the rows of either database are made into
 * that, for reader.ts.
 */
import type { Proof } from '../verify/verifier.ts';
import type { Settlement } from './contract.ts';
import { idOf } from './event-id.ts';
import type { StateName } from './event-states.ts';

export interface EventSummary {
  readonly number: number;
  readonly id: string;
  readonly receivedAt: string;
  readonly source: string;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly bytes: number | null;
  readonly held: string | null;
  readonly handlers: readonly HandlerState[];
}

interface HandlerState {
  readonly handler: string;
  readonly state: StateName;
  readonly attempts: number;
  /** For `pending`, when it is due. */
  readonly due: string | null;
  /** Why the last attempt failed, of what is dead or tried again. */
  readonly error: string | null;
  /** Of one that takes the items of a batch one by one: how many are in which state. Of these `state` is what matters most. */
  readonly items?: ListState['items'];
}

/** The items of a batch for one handler, as far as there are any in a state. */
export interface ListState {
  readonly handler: string;
  readonly items: Readonly<Partial<Record<StateName, number>>>;
}

/** One item for one handler. */
export interface ItemState extends Omit<HandlerState, 'items'> {
  /** `evt_…-4`. */
  readonly id: string;
}

/** `status` and `output`: what the handler recorded, `503` or `exit 1`, and the beginning of what the other side said. */
export interface AttemptRecord
  extends Pick<Settlement, 'handler' | 'attempt' | 'ms' | 'error' | 'status' | 'output'> {
  readonly startedAt: string;
  readonly outcome: string;
}

export interface EventDetails extends EventSummary {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: Buffer | null;
  readonly attempts: readonly AttemptRecord[];
  /** Of a batch: its first items, those first that wait for a person. */
  readonly items?: readonly ItemState[];
  /** Of an item: its place in the list of the event, whose body and headers these are. */
  readonly place?: number;
}

/** An event past its retention, of which only that is left by which its duplicates are known. It came at the time that its number stands for. */
export interface PurgedEvent extends Pick<EventSummary, 'number' | 'id' | 'receivedAt'> {
  readonly purged: true;
}

export interface EventProofs {
  readonly number: number;
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  readonly proofs: readonly Proof[];
}

export interface EventEvidence extends EventProofs {
  /** SHA-256 of the bytes as they were stored. */
  readonly digest: Buffer;
  readonly body: Buffer;
}

export type EventRow = Omit<EventSummary, 'id' | 'receivedAt' | 'handlers'> & { readonly receivedAt: number };
export type AttemptRow = Omit<AttemptRecord, 'startedAt'> & { readonly startedAt: number };
export type ProofsRow = Omit<EventProofs, 'proofs'> & { readonly evidence: string | null };

/** What a row of `work` says, or the attempt that finished it, for which nothing is due. */
export type StateRow = Omit<HandlerState, 'due'> & { readonly due: number };

/** `finished`: the latest last. After a replay there are several for one handler. `lists`: of a batch. */
export function summaryOf(
  { receivedAt, ...event }: EventRow,
  open: readonly StateRow[],
  finished: readonly StateRow[],
  lists: readonly (ListState & { readonly state: StateName })[] = [],
): EventSummary {
  const ends = new Map(finished.map((row) => [row.handler, row]));
  for (const { handler } of open) ends.delete(handler);
  const isList = ({ handler }: StateRow) => lists.some((list) => list.handler === handler);
  const rows = [...open.toSorted(byHandler), ...[...ends.values()].toSorted(byHandler)];
  const handlers: HandlerState[] = rows
    .filter((row) => !isList(row))
    .map(({ handler, state, attempts, due, error }) => {
      return { handler, state, attempts, error, due: state === 'pending' && due > 0 ? iso(due) : null };
    });
  for (const list of lists.toSorted(byHandler))
    handlers.push({ ...list, attempts: 0, error: null, due: null });
  return { ...event, id: idOf(event.number), receivedAt: iso(receivedAt), handlers };
}

/** Sorts alike for both databases, whose own orders of text differ. */
function byHandler({ handler: one }: { handler: string }, { handler: other }: { handler: string }): number {
  return one < other ? -1 : Number(one > other);
}

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
