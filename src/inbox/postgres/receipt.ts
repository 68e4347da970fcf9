/**
 * Taking arrivals in, a whole batch in one transaction: each is a new event, a duplicate, or one to hold.
 *
 * The unique index of `keys` decides what is new, whichever replica came first; a batch that meets another one's key waits
 * until that one is committed.
 */
import type pg from 'pg';
import type { Arrival, Delivery, Kept, Route } from '../contract.ts';
import type { Desk } from '../desk.ts';
import { idOf } from '../event-id.ts';
import { conflictIdentity, readContent, whyHeld, whyHeldBeside } from '../identity.ts';
import { type State, stateOf } from '../state.ts';
import type { StoredSource } from '../stored-source.ts';
import { wants } from '../type-filter.ts';
import { bytesList } from './binary-array.ts';
import { inTransaction } from './connection.ts';
import { type Draft, insert } from './drafts.ts';
import { planNewest } from './newest.ts';
import type { Numbers } from './numbers.ts';
import { type Asked, KNOWN } from './statements.ts';

export interface ReceiptOptions {
  readonly pool: pg.Pool;
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly desk: Desk;
  readonly numbers: Numbers;
  /** This replica, if it may hand out now. */
  readonly owner: () => number | undefined;
}

export interface Taken {
  readonly kept: readonly Kept[];
  readonly deliveries: readonly Delivery[];
  /** Handlers for which something waits. */
  readonly waiting: ReadonlySet<string>;
}

/** What a `latest` handler is told by a new event: its place among the others is found once the event is in. */
interface Told {
  readonly draft: Draft;
  readonly route: Route;
  readonly state: State;
}

/** Rejects if the transaction failed, or if nobody knows whether it did: nothing counts as kept then. */
export async function keepAll(options: ReceiptOptions, arrivals: readonly Arrival[]): Promise<Taken> {
  const first = arrivals.map((arrival) => {
    const { shape } = options.sources.get(arrival.source) as StoredSource;
    const content = readContent(arrival.source, shape, arrival.body);
    return {
      arrival,
      content,
      identity: content.identity,
      held: whyHeld(content),
    };
  });
  const stored = await store(options, first);
  const again = stored.drafts.filter(({ number }) => !stored.fresh.has(number));
  const known = await keepAgain(options, again).catch((error: Error) => {
    // They will not be sent: without a slot they are found as owned and not out, and given back.
    for (const { handler, event } of stored.deliveries) options.desk.returnSlot(handler, event);
    throw error;
  });
  const kept = stored.drafts.map((draft) =>
    stored.fresh.has(draft.number) ? keptAs(draft) : (known.get(draft) as Kept),
  );
  return { kept, deliveries: stored.deliveries, waiting: stored.waiting };
}

function keptAs({ number, held }: Draft): Kept {
  const id = idOf(number);
  return held === null ? { outcome: 'accepted', id } : { outcome: 'held', id, reason: held };
}

/** Identities that are known. Another body under one is kept and held; the same body again is its duplicate. */
async function keepAgain(options: ReceiptOptions, drafts: readonly Draft[]): Promise<Map<Draft, Kept>> {
  const kept = new Map<Draft, Kept>();
  if (drafts.length === 0) return kept;
  const known = await knownBy(
    options.pool,
    drafts.map(({ identity }) => identity),
  );
  const conflicts: { draft: Draft; base: Omit<Draft, 'number' | 'plans'> }[] = [];
  for (const draft of drafts) {
    const { arrival, content, identity } = draft;
    const first = known(identity);
    if (content.digest.equals(first.digest))
      kept.set(draft, { outcome: 'duplicate', id: idOf(first.number) });
    else {
      const held = whyHeldBeside(idOf(first.number));
      const base = { arrival, content, identity: conflictIdentity(arrival.source, content), held };
      conflicts.push({ draft, base });
    }
  }
  if (conflicts.length === 0) return kept;
  const stored = await store(
    options,
    conflicts.map(({ base }) => base),
  );
  const knownHeld = await knownBy(
    options.pool,
    conflicts.map(({ base }) => base.identity),
  );
  for (const [at, { draft, base }] of conflicts.entries()) {
    const second = stored.drafts[at] as Draft;
    const isNew = stored.fresh.has(second.number);
    kept.set(
      draft,
      isNew ? keptAs(second) : { outcome: 'duplicate', id: idOf(knownHeld(base.identity).number) },
    );
  }
  return kept;
}

interface Known {
  readonly identity: Buffer;
  readonly number: number;
  readonly digest: Buffer;
}

async function knownBy(asked: Asked, identities: readonly Buffer[]): Promise<(identity: Buffer) => Known> {
  const { rows } = await asked.query<Known>({ ...KNOWN, values: [bytesList(identities)] });
  const byIdentity = new Map(rows.map((row) => [row.identity.toString('hex'), row]));
  return (identity) => {
    const known = byIdentity.get(identity.toString('hex'));
    if (!known) throw new Error('what it repeats was purged at this very moment');
    return known;
  };
}

/** Inserts what is new. Slots that were booked for what is not go back, all of them if it fails. */
async function store(options: ReceiptOptions, bases: readonly Omit<Draft, 'number' | 'plans'>[]) {
  const { pool, numbers, desk } = options;
  const drafts = bases.map((base): Draft => {
    return { ...base, number: numbers.next(base.arrival.receivedAt), plans: [] };
  });
  // Asked once: what is planned as ours is stored as ours.
  const owner = options.owner();
  const told = drafts.flatMap((draft) => plan(options, draft, owner !== undefined));
  const atOnce = (draft: Draft) => draft.plans.filter(({ state }) => state === 'handling');
  const giveBack = (draft: Draft) => {
    for (const { handler } of atOnce(draft)) desk.returnSlot(handler, draft.number);
  };
  try {
    const fresh =
      told.length === 0
        ? await insert(pool, drafts, owner)
        : await inTransaction(pool, async (client) => {
            const numbers = await insert(client, drafts, owner);
            const isFresh = ({ draft }: Told) => numbers.has(draft.number);
            await planNewest(client, told.filter(isFresh).map(newestOf));
            return numbers;
          });
    const isNew = (draft: Draft) => fresh.has(draft.number);
    for (const draft of drafts) if (!isNew(draft)) giveBack(draft);
    const waiting = new Set(told.map(({ route }) => route.handler));
    for (const { handler, state } of drafts.filter(isNew).flatMap(({ plans }) => plans)) {
      if (state === 'pending') waiting.add(handler);
    }
    const deliveries = drafts
      .filter(isNew)
      .flatMap((draft) => atOnce(draft).map(({ handler }) => deliveryOf(draft, handler)))
      // Slots may have been cleared meanwhile: then it is owned, but never handed out, and will be found.
      .filter(({ handler, event }) => desk.isOut(handler, event));
    return { drafts, fresh, waiting, deliveries };
  } catch (error) {
    for (const draft of drafts) giveBack(draft);
    throw error;
  }
}

/** One row of work for each handler that wants it; with a free slot it is handed out in the same transaction. */
function plan({ sources, desk }: ReceiptOptions, draft: Draft, isOwner: boolean): Told[] {
  const { arrival, content, held, number, plans } = draft;
  const told: Told[] = [];
  const now = Date.now();
  const mayHandOut = (handler: string) => isOwner && !desk.isDue(handler, now);
  for (const route of (sources.get(arrival.source) as StoredSource).routes) {
    if (!wants(route, content.type)) continue;
    const { handler } = route;
    const state = held === null && route.latest && stateOf(route.latest, content.parsed, arrival.body);
    if (state) told.push({ draft, route, state });
    else if (held !== null) plans.push({ handler, state: 'held' });
    else {
      const atOnce = mayHandOut(handler) && desk.takeSlot(handler, number, content.stored.length, now);
      plans.push({ handler, state: atOnce ? 'handling' : 'pending' });
    }
  }
  return told;
}

function newestOf({ draft, route, state }: Told) {
  return { event: draft.number, handler: route.handler, thing: state.thing, at: state.at };
}

function deliveryOf({ arrival, content, number }: Draft, handler: string): Delivery {
  const { receivedAt, headers } = arrival;
  const { type, externalId, stored: body } = content;
  return {
    event: number,
    id: idOf(number),
    handler,
    attempt: 1,
    type,
    externalId,
    receivedAt,
    headers,
    body,
  };
}
