/**
 * All that is to be shown of one event, in one answer: what became of it, how it was proved, by what it can be found, and the history
 * of what it is about. Of its body only the beginning is handed on, since it may have megabytes. Read for the page of one event.
 */
import { iso } from '../base/times.ts';
import type { StateShape } from '../verify/preset.ts';
import type { Proof } from '../verify/verifier.ts';
import type { DuplicateCount } from './counts.ts';
import { memberTextOf } from './event-names.ts';
import { parseBody } from './identity.ts';
import { datedIn, stateOf } from './newest.ts';
import type { InboxReader } from './reader.ts';
import { KEYS_BODY_MOST, keyValuesOf } from './search-keys.ts';
import type { StoredSource } from './stored-source.ts';
import type { EventDetails, EventSummary, PurgedEvent } from './summary.ts';

export interface EventStory {
  readonly event: Omit<EventDetails, 'body'>;
  /** So many of its first bytes; null once it is purged. */
  readonly bodyStart: Buffer | null;
  /** With the signatures. */
  readonly proofs: readonly Proof[];
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly related: readonly RelatedEvents[];
  /** Undefined if it came once. */
  readonly duplicates: DuplicateCount | undefined;
}

const BODY_START = 65_536;

/** Undefined if there is no such event. `states`: how events of each source tell a state. */
export async function readStory(
  reader: InboxReader,
  sources: ReadonlyMap<string, StoredSource>,
  number: number,
  states: ReadonlyMap<string, StateShape>,
): Promise<EventStory | PurgedEvent | undefined> {
  const found = await reader.show(number);
  if (!found || 'purged' in found) return found;
  const { body, ...event } = found;
  const [proved] = await reader.proofs([number]);
  const isSearched = body !== null && body.length <= KEYS_BODY_MOST;
  const values = isSearched
    ? keyValuesOf(sources.get(event.source)?.keys ?? {}, body)
    : new Map<string, string[]>();
  return {
    event,
    bodyStart: body?.subarray(0, BODY_START) ?? null,
    proofs: proved?.proofs ?? [],
    keys: Object.fromEntries(values),
    duplicates: await reader.counts.duplicatesOf(number),
    related: await readRelated(reader, sources, event, values, states),
  };
}

interface RelatedEvent extends Pick<EventSummary, 'id' | 'receivedAt' | 'source' | 'type' | 'handlers'> {
  /** What the provider calls the state that it tells, if it tells one. */
  readonly state: string | null;
  /** As of when. */
  readonly stateAt: string | null;
  /** One that came before it told a later state of the same thing. */
  readonly isLate: boolean;
}

export interface RelatedEvents {
  /** The name of the key, and its value. */
  readonly key: string;
  readonly value: string;
  /** Oldest first. */
  readonly events: readonly RelatedEvent[];
  /** There are more, which came before. */
  readonly hasMore: boolean;
}

/** Of one event so many values are looked up, and so many events of each. */
const VALUES_MOST = 3;
const EVENTS_MOST = 30;

/**
 * All events with one of the search keys of an event, a parcel's or an order's, in the order in which they came. `own`: the event
 * itself. `keys`: its values, by the name of the key. `states`: how events of each source tell a state.
 */
async function readRelated(
  reader: InboxReader,
  sources: ReadonlyMap<string, StoredSource>,
  own: EventSummary,
  keys: ReadonlyMap<string, readonly string[]>,
  states: ReadonlyMap<string, StateShape>,
): Promise<RelatedEvents[]> {
  const values = [...keys].flatMap(([key, all]) => all.map((value) => ({ key, value })));
  const found: RelatedEvents[] = [];
  for (const { key, value } of values.slice(0, VALUES_MOST)) {
    const numbers = await reader.newestByKey(value, EVENTS_MOST + 1);
    // The newest ones are not indexed yet.
    const named = [own.number, ...numbers.slice(0, EVENTS_MOST)];
    const { events: all } = await reader.search({ numbers: named }, sources).page({ limit: named.length });
    if (all.length < 2) continue;
    const events: RelatedEvent[] = [];
    const latest = new Map<string, number>();
    for (const event of all.toReversed()) events.push(await relatedFrom(reader, event, states, latest));
    found.push({ key, value, events, hasMore: numbers.length > EVENTS_MOST });
  }
  return found;
}

/** `latest`: the time of the latest state of each thing so far. */
async function relatedFrom(
  reader: InboxReader,
  { number, id, receivedAt, source, type, handlers }: EventSummary,
  states: ReadonlyMap<string, StateShape>,
  latest: Map<string, number>,
): Promise<RelatedEvent> {
  const shape = states.get(source);
  const body = shape && (await reader.evidence(number))?.body;
  const parsed = body && parseBody(body);
  const told = shape && body && stateOf(shape, parsed, body);
  const dated = shape && datedIn(shape, parsed);
  const thing = told ? told.thing.toString('hex') : '';
  const before = latest.get(thing);
  if (told && (before === undefined || told.at > before)) latest.set(thing, told.at);
  return {
    ...{ id, receivedAt, source, type, handlers },
    state: shape?.says && body ? memberTextOf(parsed, shape.says, body) : null,
    stateAt: told && dated ? iso(dated.time) : null,
    isLate: told !== undefined && before !== undefined && told.at < before,
  };
}
