/**
 * Takes an arrival in: a new event, a duplicate, or one to hold. Part of a transaction of store.ts. Receipt and hand-out are
 * written apart for each database: here one statement after the other without waiting, in PostgreSQL whole batches at once.
 */
import type { Arrival, Kept } from '../contract.ts';
import { idOf, nextNumber } from '../event-id.ts';
import type { WorkState } from '../event-states.ts';
import {
  type Content,
  conflictIdentity,
  hasNames,
  namedIdentities,
  overNamedIdentity,
  readContent,
  saysTheSame,
} from '../identity.ts';
import { batchSize, countItems, whyTooMany } from '../items.ts';
import { isNewer, overtakenBy, type State, stateOf } from '../newest.ts';
import { whyHeld, whyHeldBeside, whyHeldNamed, whyWarned } from '../shape.ts';
import { type StoredSource, wants } from '../stored-source.ts';
import { firstFree, planSplit, reserveItems } from './batches.ts';
import type { Turn } from './turn.ts';

/** The unique index decides what is new; only then is anything else looked at. */
export function keepArrival(turn: Turn, arrival: Arrival): Kept {
  const source = turn.sources.get(arrival.source) as StoredSource;
  const content = readContent(arrival.source, source.shape, arrival.body, arrival);
  const held = whyHeld(content) ?? whyTooMany(source, content.parsed);
  const id = keepNew(turn, arrival, source, content, content.identity, held);
  if (id === undefined) return keepKnown(turn, arrival, source, content);
  return held === null ? { outcome: 'accepted', id } : { outcome: 'held', id, reason: held };
}

/** The identity is known. Another body under it is kept and held; the same body again is its duplicate. */
function keepKnown(turn: Turn, arrival: Arrival, source: StoredSource, content: Content): Kept {
  const first = turn.sql.byIdentity.get(content.identity);
  if (!first) return keepWithNextNumber(turn, arrival);
  const isSame =
    content.digest.equals(first.digest) ||
    saysTheSame(content, turn.sql.evidenceOf.get(first.number)?.evidence ?? null);
  if (isSame && content.unsigned) return keepUnderNames(turn, arrival, source, content);
  if (isSame) return { outcome: 'duplicate', id: idOf(first.number) };
  const held = whyHeldBeside(idOf(first.number));
  const identity = conflictIdentity(arrival.source, content);
  const id = keepNew(turn, arrival, source, content, identity, held);
  if (id !== undefined) return { outcome: 'held', id, reason: held };
  const known = turn.sql.byIdentity.get(identity);
  return known ? { outcome: 'duplicate', id: idOf(known.number) } : keepWithNextNumber(turn, arrival);
}

/** The same came before. It is a duplicate of the one that had the same names; under other ones it is an event of its own. */
function keepUnderNames(turn: Turn, arrival: Arrival, source: StoredSource, content: Content): Kept {
  const known = namedIdentities(arrival.source, content).map((identity) => ({
    identity,
    named: turn.sql.namesByIdentity.get(identity),
  }));
  const same = known.find(({ named }) => hasNames(content, named))?.named;
  if (same) return { outcome: 'duplicate', id: idOf(same.number) };
  const first = idOf(known[0]?.named?.number as number);
  const free = known.find(({ named }) => named === undefined);
  const identity = free?.identity ?? overNamedIdentity(arrival.source, content);
  const held = whyHeld(content) ?? whyTooMany(source, content.parsed) ?? (free ? null : whyHeldNamed(first));
  const id = keepNew(turn, arrival, source, content, identity, held);
  if (id !== undefined)
    return held === null
      ? { outcome: 'accepted', id, warning: whyWarned(first) }
      : { outcome: 'held', id, reason: held };
  const again = turn.sql.byIdentity.get(identity);
  return again ? { outcome: 'duplicate', id: idOf(again.number) } : keepWithNextNumber(turn, arrival);
}

/** Its number was taken, by an event of a time when the clock was wrong. */
function keepWithNextNumber(turn: Turn, arrival: Arrival): Kept {
  turn.last = nextNumber(turn.last, arrival.receivedAt);
  return keepArrival(turn, arrival);
}

/** The new event's id, or undefined if the identity is taken. */
function keepNew(
  turn: Turn,
  arrival: Arrival,
  source: StoredSource,
  content: Content,
  identity: Buffer,
  held: string | null,
): string | undefined {
  const size = batchSize(source, content.parsed);
  const number = firstFree(turn, arrival.receivedAt, size);
  const { changes } = turn.sql.insertEvent.run(
    number,
    arrival.receivedAt,
    arrival.source,
    identity,
    content.digest,
    content.type,
    content.externalId,
    content.isJson ? 1 : 0,
    held,
    arrival.address,
    arrival.headers,
    arrival.evidence,
    content.stored,
  );
  if (changes === 0) return undefined;
  turn.last = reserveItems(turn, number, size);
  plan(turn, number, source, arrival, content, held);
  return idOf(number);
}

/** One row of work for each handler that wants it; with a free slot it is handed out in the same transaction. */
function plan(
  turn: Turn,
  event: number,
  source: StoredSource,
  arrival: Arrival,
  content: Content,
  held: string | null,
): void {
  for (const route of source.routes) {
    const { handler } = route;
    const count = held === null && route.items ? countItems(route.items, content.parsed) : undefined;
    if (count !== undefined) {
      if (count > 0) planSplit(turn, event, handler);
      continue;
    }
    if (!wants(route, content.type)) continue;
    const told = held === null && route.latest && stateOf(route.latest, content.parsed, arrival.body);
    const admission = told ? admitState(turn, handler, event, told) : 'free';
    if (admission === 'overtaken') continue;
    const bytes = content.stored.length;
    const atOnce =
      held === null && admission === 'free' && turn.scheduler.takeSlot(handler, event, bytes, turn.now);
    const state: WorkState = held === null ? (atOnce ? 'handling' : 'pending') : 'held';
    const behind = admission === 'behind' ? 1 : 0;
    turn.sql.insertWork.run(event, handler, state, atOnce ? 1 : 0, told ? told.thing : null, behind);
    turn.counts.move(handler, undefined, state);
    if (state === 'pending') turn.scheduler.expect(handler, 0);
    if (!atOnce) continue;
    const { type, externalId, stored: body } = content;
    const { receivedAt, headers } = arrival;
    const delivery = { event, id: idOf(event), handler, attempt: 1 };
    turn.deliveries.push({ ...delivery, type, externalId, receivedAt, headers, body });
  }
}

type Admission = 'free' | 'behind' | 'overtaken';

/** Admits an event among those that tell the same thing's state, and discards what it overtakes. */
export function admitState(turn: Turn, handler: string, event: number, state: State): Admission {
  const { thing, at, recordedAt } = state;
  const known = turn.sql.newestOf.get(handler, thing);
  if (known && isNewer(known, { at, recordedAt, event })) {
    noteOvertaken(turn, handler, event, 0, known.event);
    return 'overtaken';
  }
  turn.sql.setNewest.run(handler, thing, at, event, recordedAt);
  let admission: Admission = 'free';
  for (const other of turn.sql.workOfThing.all(handler, thing, event)) {
    if (other.state === 'handling') {
      admission = 'behind';
      continue;
    }
    turn.sql.deleteWork.run(other.event, handler);
    turn.counts.move(handler, other.state, undefined);
    noteOvertaken(turn, handler, other.event, other.attempts, event);
  }
  return admission;
}

function noteOvertaken(turn: Turn, handler: string, event: number, attempt: number, by: number): void {
  turn.sql.insertAttempt.run(event, handler, turn.now, attempt, 0, 'discarded', overtakenBy(by), null, null);
}
