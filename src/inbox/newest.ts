/**
 * The rules for `latest` handlers, which are told the newest state only: whose state an event tells and as of when, and what
 * follows from that. Each driver has its own statements for it. An event that tells no state stands for itself.
 *
 * For each handler and thing at most one event is being handled, and at most one waits, the newest:
 *
 *   an older state comes       it is discarded, `overtaken`
 *   a newer state comes        what waits or is dead is discarded; behind one that is being handled it waits
 *   the one ahead ends         the one behind is handed out; if the one ahead failed, it is not tried again
 *
 * Of two states of the same time the one that was recorded later counts, or else the one that came later. A time that is not the state's own (Shippo's look at a parcel
 * that nobody has scanned) makes the state older than that, as its preset says.
 */
import { hash } from 'node:crypto';
import type { MemberPath, Naming, StateShape, Where } from '../verify/preset.ts';
import type { Settlement } from './contract.ts';
import { idOf } from './event-id.ts';
import { textAt, valueAt } from './event-names.ts';
import { isEnd } from './event-states.ts';
import type { Part } from './items.ts';

export interface State {
  /** The same for all events of one thing, a shipment or a parcel. */
  readonly thing: Buffer;
  /** When it held, in milliseconds since 1970. */
  readonly at: number;
  /** When the provider wrote it down; 0 if the event does not say. */
  readonly recordedAt: number;
}

/** A state as an event tells it to a handler. */
export interface EventState extends State {
  readonly handler: string;
  readonly event: number;
  /** Of an item: where it stands. */
  readonly part?: Part;
}

type Dated = Pick<EventState, 'at' | 'recordedAt' | 'event'>;

export function isNewer(one: Dated, other: Dated): boolean {
  if (one.at !== other.at) return one.at > other.at;
  if (one.recordedAt !== other.recordedAt) return one.recordedAt > other.recordedAt;
  return one.event > other.event;
}

/** `known`: what is known of the thing to be the newest. */
export function isOvertaken(known: Dated | undefined, told: Dated): boolean {
  return known !== undefined && isNewer(known, told);
}

/** The error of an attempt that is not made, or not made again, because `event` tells a newer state. */
export function overtakenBy(event: number): string {
  return `overtaken: ${idOf(event)} has a newer state`;
}

/** A failed attempt is not repeated if another event, `newest`, tells the newest state of its thing by now. */
export function unlessOvertaken(settlement: Settlement, newest: number | undefined): Settlement {
  const { event, state } = settlement;
  if (newest === undefined || newest === event || isEnd(state)) return settlement;
  const error = [settlement.error, overtakenBy(newest)].filter(Boolean).join('; ');
  return { ...settlement, state: 'discarded', counted: true, alone: false, error };
}

/** Below, a number of seconds; from here on, of milliseconds (1973 as ms, 5138 as s). */
const SECONDS_BELOW = 100_000_000_000;
const OLDEST = 0;
const WITHOUT_ZONE = /T\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** `parsed` is `body` parsed as JSON. Undefined if it does not say. */
export function stateOf(shape: StateShape, parsed: unknown, body: Buffer): State | undefined {
  if (!isTrue(shape.where, parsed)) return undefined;
  const name = nameOf(shape.of, parsed, (path) => textAt(parsed, path, body));
  const at = timeIn(shape, parsed);
  if (name === undefined || at === undefined) return undefined;
  const recordedAt = shape.recordedAt && timeOf(valueAt(parsed, shape.recordedAt));
  const thing = hash('sha256', JSON.stringify(name), 'buffer').subarray(0, 16);
  return { thing, at, recordedAt: recordedAt ?? 0 };
}

function isTrue(where: Where | undefined, parsed: unknown): boolean {
  if (where === undefined) return true;
  const value = valueAt(parsed, where.member);
  const isOneOf = (texts: readonly string[]) => typeof value === 'string' && texts.includes(value);
  return (where.is === undefined || isOneOf(where.is)) && !isOneOf(where.isNot ?? []);
}

function nameOf(
  namings: readonly Naming[],
  parsed: unknown,
  textOf: (path: MemberPath) => string | null,
): readonly (string | null)[] | undefined {
  for (const { by, where } of namings) {
    if (!isTrue(where, parsed)) continue;
    const parts = by.map(textOf);
    if (!parts.includes(null)) return parts;
  }
  return undefined;
}

function timeIn(shape: StateShape, parsed: unknown): number | undefined {
  const dated = datedIn(shape, parsed);
  return dated ? dated.time - dated.earlierMs : shape.isOldestWithoutTime ? OLDEST : undefined;
}

/** The time that the event itself gives for the state; undefined without one. */
export function datedIn({ at }: StateShape, parsed: unknown) {
  for (const { path, where, earlierMs = 0 } of at) {
    const time = isTrue(where, parsed) ? timeOf(valueAt(parsed, path)) : undefined;
    if (time !== undefined) return { time, earlierMs };
  }
  return undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const at = typeof value === 'number' ? value * (value < SECONDS_BELOW ? 1_000 : 1) : parseTime(value);
  return Number.isSafeInteger(Math.round(at)) ? Math.round(at) : undefined;
}

/** A time without a zone is taken for UTC: local time would depend on where this runs. */
function parseTime(text: string): number {
  return Date.parse(WITHOUT_ZONE.test(text) ? `${text}Z` : text);
}
