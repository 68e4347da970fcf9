/**
 * The history of what an event is about: all events with one of its search keys, a parcel's or an order's, in the order in which they
 * came, each with the state that it tells. A part of story.ts.
 */
import { iso } from '../base/times.ts';
import type { StateShape } from '../verify/preset.ts';
import { parseBody } from './identity.ts';
import { memberTextOf } from './member-texts.ts';
import { datedIn, stateOf } from './newest.ts';
import type { InboxReader } from './reader.ts';
import type { StoredSource } from './stored-source.ts';
import type { EventSummary } from './summary.ts';

export interface RelatedEvent
  extends Pick<EventSummary, 'id' | 'receivedAt' | 'source' | 'type' | 'handlers'> {
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

/** `own`: the event itself. `keys`: its values, by the name of the key. `states`: how events of each source tell a state. */
export async function readRelated(
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
