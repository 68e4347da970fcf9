/**
 * Taking arrivals in, a whole batch in one transaction: each is a new event, a duplicate, or one to hold.
 *
 * The unique index of `keys` decides what is new, whichever replica came first; a batch that meets another one's key waits
 * until that one is committed. Called by intake.ts.
 */
import type pg from 'pg';
import type { Arrival, Delivery, Kept } from '../contract.ts';
import { idOf, itemNumber } from '../event-id.ts';
import { conflictIdentity, readContent, saysTheSame } from '../identity.ts';
import { batchSize, countItems, whyTooMany } from '../items.ts';
import { type EventState, stateOf } from '../newest.ts';
import type { Scheduler } from '../scheduler.ts';
import { whyHeld, whyHeldBeside } from '../shape.ts';
import { type StoredSource, wants } from '../stored-source.ts';
import {
  type Candidate,
  findEvidence,
  findKeys,
  insertCandidates,
  type Key,
  type PlannedWork,
} from './candidates.ts';
import { inTransaction } from './connection.ts';
import type { Lease } from './lease.ts';
import { keepNamed, type StoreNew, type Unnumbered } from './named.ts';
import { planNewest } from './newest.ts';
import { type Batch, insertBatches, planSplits, type Split } from './splits.ts';

export interface ReceiptOptions {
  readonly pool: pg.Pool;
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly scheduler: Scheduler;
  readonly lease: Lease;
}

/** `waiting`: handlers for which something waits. Rejects if the transaction failed, or nobody knows: nothing is kept then. */
export async function keepAll(options: ReceiptOptions, arrivals: readonly Arrival[]) {
  const stored: Awaited<ReturnType<typeof storeNew>>[] = [];
  const store: StoreNew = async (unnumbered) => {
    const one = await storeNew(options, unnumbered);
    stored.push(one);
    return one;
  };
  const { candidates, fresh } = await store(
    arrivals.map((arrival): Unnumbered => {
      const source = options.sources.get(arrival.source) as StoredSource;
      const content = readContent(arrival.source, source.shape, arrival.body, arrival);
      const held = whyHeld(content) ?? whyTooMany(source, content.parsed);
      return { arrival, content, identity: content.identity, held };
    }),
  );
  const repeated = candidates.filter(({ number }) => !fresh.has(number));
  const deliveriesOf = () => stored.flatMap(({ deliveries }) => deliveries);
  const again = await keepRepeated(options, repeated, store).catch((error: Error) => {
    // The deliveries will not be sent. Without their slots they are found as owned and not out, and are given back.
    for (const { handler, event } of deliveriesOf()) options.scheduler.returnSlot(handler, event);
    throw error;
  });
  const waiting = new Set(stored.flatMap((one) => [...one.waiting]));
  return {
    kept: candidates.map((one) => again.get(one) ?? keptAs(one)),
    deliveries: deliveriesOf(),
    waiting,
  };
}

function keptAs({ number, held }: Candidate): Kept {
  const id = idOf(number);
  return held === null ? { outcome: 'accepted', id } : { outcome: 'held', id, reason: held };
}

/** Their identities are known. Another body under one is kept and held; the same body again is its duplicate. */
async function keepRepeated(
  options: ReceiptOptions,
  repeated: readonly Candidate[],
  store: StoreNew,
): Promise<Map<Candidate, Kept>> {
  const firstOf = await findKeys(options.pool, repeated);
  const hasSameBytes = ({ identity, content }: Candidate) => content.digest.equals(firstOf(identity).digest);
  const others = repeated.filter((one) => one.content.claims !== undefined && !hasSameBytes(one));
  const evidenceOf = await findEvidence(
    options.pool,
    others.map(({ identity }) => firstOf(identity)),
  );
  const isSame = (one: Candidate) =>
    hasSameBytes(one) || saysTheSame(one.content, evidenceOf.get(firstOf(one.identity).number) ?? null);
  const duplicateOf = ({ number }: Key): Kept => ({ outcome: 'duplicate', id: idOf(number) });
  const same = repeated.filter(isSame);
  const named = same.filter(({ content }) => content.unsigned !== undefined);
  const kept = await keepNamed(options.pool, named, store);
  for (const one of same) if (!kept.has(one)) kept.set(one, duplicateOf(firstOf(one.identity)));
  const conflicts = repeated.filter((one) => !kept.has(one));
  if (conflicts.length === 0) return kept;
  const { candidates, fresh } = await store(
    conflicts.map(({ arrival, content, identity }) => ({
      arrival,
      content,
      identity: conflictIdentity(arrival.source, content),
      held: whyHeldBeside(idOf(firstOf(identity).number)),
    })),
  );
  const isNew = ({ number }: Candidate) => fresh.has(number);
  const heldOf = await findKeys(
    options.pool,
    candidates.filter((one) => !isNew(one)),
  );
  for (const [at, conflict] of conflicts.entries()) {
    const beside = candidates[at] as Candidate;
    kept.set(conflict, isNew(beside) ? keptAs(beside) : duplicateOf(heldOf(beside.identity)));
  }
  return kept;
}

/** Stores what is new. Slots that were booked for what is not go back, all of them if it fails. */
async function storeNew(options: ReceiptOptions, unnumbered: readonly Unnumbered[]) {
  const { pool, lease, scheduler, sources } = options;
  const batches: Batch[] = [];
  const candidates = unnumbered.map((one): Candidate => {
    const size = batchSize(sources.get(one.arrival.source) as StoredSource, one.content.parsed);
    const number = lease.nextNumber(one.arrival.receivedAt, size);
    if (size > 0) batches.push({ event: number, last: itemNumber(number, size - 1) });
    return { ...one, number };
  });
  // Asked once: what is planned as ours is stored as ours.
  const { owner } = lease;
  const { work, states, splits } = planWork(options, candidates, owner !== undefined);
  const booked = work.filter(({ state }) => state === 'handling');
  const returnSlots = (kept: ReadonlySet<number>) => {
    for (const { event, handler } of booked) if (!kept.has(event)) scheduler.returnSlot(handler, event);
  };
  const storing =
    states.length === 0 && batches.length === 0
      ? insertCandidates(pool, candidates, work, owner)
      : inTransaction(pool, async (client) => {
          const fresh = await insertCandidates(client, candidates, work, owner);
          const isFresh = ({ event }: { readonly event: number }) => fresh.has(event);
          await insertBatches(client, batches.filter(isFresh));
          await planSplits(client, splits.filter(isFresh));
          await planNewest(client, states.filter(isFresh));
          return fresh;
        });
  const fresh = await storing.catch((error: Error) => {
    returnSlots(new Set());
    throw error;
  });
  returnSlots(fresh);
  const byNumber = new Map(candidates.map((candidate) => [candidate.number, candidate]));
  const deliveries = booked
    // Slots may have been cleared meanwhile: then it is owned, but never handed out, and will be found.
    .filter(({ event, handler }) => fresh.has(event) && scheduler.isOut(handler, event))
    .map(({ event, handler }) => firstDelivery(byNumber.get(event) as Candidate, handler));
  const waiting = [...states, ...splits, ...work.filter(({ state }) => state === 'pending')]
    .filter(({ event }) => fresh.has(event))
    .map(({ handler }) => handler);
  return { candidates, fresh, deliveries, waiting: new Set(waiting) };
}

/**
 * One row of work for each handler that wants it; with a free slot it is handed out in the same transaction. What a `latest`
 * handler is told is planned once the event is in (newest.ts).
 */
function planWork(
  { sources, scheduler }: ReceiptOptions,
  candidates: readonly Candidate[],
  isOwner: boolean,
) {
  const work: PlannedWork[] = [];
  const states: EventState[] = [];
  const splits: Split[] = [];
  const now = Date.now();
  for (const { arrival, content, held, number: event } of candidates) {
    for (const route of (sources.get(arrival.source) as StoredSource).routes) {
      const { handler, latest, items } = route;
      const count = held === null && items ? countItems(items, content.parsed) : undefined;
      if (count !== undefined) {
        if (count > 0) splits.push({ event, handler });
        continue;
      }
      if (!wants(route, content.type)) continue;
      const state = held === null && latest && stateOf(latest, content.parsed, arrival.body);
      if (state) states.push({ event, handler, ...state });
      else if (held !== null) work.push({ event, handler, state: 'held' });
      else {
        const mayHandOut = isOwner && !scheduler.isDue(handler, now);
        const isBooked = mayHandOut && scheduler.takeSlot(handler, event, content.stored.length, now);
        work.push({ event, handler, state: isBooked ? 'handling' : 'pending' });
      }
    }
  }
  return { work, states, splits };
}

function firstDelivery({ arrival, content, number }: Candidate, handler: string): Delivery {
  const { receivedAt, headers } = arrival;
  const { type, externalId, stored: body } = content;
  const delivery = { event: number, id: idOf(number), handler, attempt: 1 };
  return { ...delivery, type, externalId, receivedAt, headers, body };
}
