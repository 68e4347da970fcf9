/**
 * What commands see of an inbox: its events, their attempts and their proofs. Below, the rows of either database are read and made
 * into that, for reader.ts.
 */
import { iso } from '../base/times.ts';
import type { Proof } from '../verify/verifier.ts';
import type { Settlement } from './contract.ts';
import { idOf } from './event-id.ts';
import { type StateName, statesInSql } from './event-states.ts';
import type { SearchTables } from './fresh-keys.ts';
import { listsOfBatches } from './item-reader.ts';

/** An event as it is listed: what it is, and how far each of its handlers is. */
export interface EventSummary {
  /** The id as a number: it grows in the order of arrival within one process. */
  readonly number: number;
  /** As in `evt_032a7c1b5e9f04`: what `show`, `replay` and `discard` take. */
  readonly id: string;
  /** ISO 8601 in UTC, with milliseconds, by the clock of the machine. */
  readonly receivedAt: string;
  /** The name of the source that took it in, as in its path. */
  readonly source: string;
  /** The provider's name for what has happened; null if it does not say. */
  readonly type: string | null;
  /** The provider's own id, as text: exact beyond 2^53. Null if it sends none. */
  readonly externalId: string | null;
  /** The size of the body that is kept; null once that is purged. */
  readonly bytes: number | null;
  /** Why it was held, as in `the body is not JSON`; stays when it has been replayed. Null if it never was. */
  readonly held: string | null;
  /** First those that still have it to do, then those for which it has ended. Empty if none wanted it, or once it is purged. */
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

/** All that is kept of one event. */
export interface EventDetails extends EventSummary {
  /** The sender's IP address, behind trusted proxies the one that they name; empty if they named none that can be read. */
  readonly address: string;
  /** Those that are kept, by lower-case names, without authentication and query strings; null once they are purged. */
  readonly headers: Readonly<Record<string, string>> | null;
  /** The bytes that were verified, without a member that is a credential (`cut` of the preset); null once they are purged. */
  readonly body: Buffer | null;
  /** By the time of their start, oldest first, for all handlers and over all replays. */
  readonly attempts: readonly AttemptRecord[];
  /** Of a batch: its first items, those first that wait for a person. */
  readonly items?: readonly ItemState[];
  /** Of an item: its place in the list of the event, whose body and headers these are. */
  readonly place?: number;
}

/** An event past its retention, of which only that is left by which its duplicates are known. It came at the time that its number stands for. */
export interface PurgedEvent extends Pick<EventSummary, 'number' | 'id' | 'receivedAt'> {
  /** Tells it from EventDetails: `'purged' in event`. SQLite keeps more of it: EventDetails without body and headers. */
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
type StateRow = Omit<HandlerState, 'due'> & { readonly due: number };

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

/** What becomes of events with each of their handlers: rows of `work`, and attempts that ended it. */
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
