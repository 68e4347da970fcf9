/**
 * Whose state an event tells, and as of when: what `latest` handlers go by. Plain data in; undefined if the event does not
 * say, in which case it stands for itself.
 */
import { hash } from 'node:crypto';
import type { StateShape } from '../verify/preset.ts';
import { textAt, valueAt } from './identity.ts';

export interface State {
  /** The same for all events of one thing, a shipment or a parcel. */
  readonly thing: Buffer;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Below, a number of seconds; from here on, of milliseconds (1973 as ms, 5138 as s). */
const SECONDS_BELOW = 100_000_000_000;
const WITHOUT_ZONE = /T\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** `parsed` is `body` parsed as JSON. */
export function stateOf(shape: StateShape, parsed: unknown, body: Buffer): State | undefined {
  const parts = shape.of.map((path) => textAt(parsed, path, body));
  if (parts.includes(null)) return undefined;
  for (const path of shape.at) {
    const at = timeOf(valueAt(parsed, path));
    if (at !== undefined) return { thing: thingOf(parts), at };
  }
  return undefined;
}

function thingOf(parts: readonly (string | null)[]): Buffer {
  return hash('sha256', JSON.stringify(parts), 'buffer').subarray(0, 16);
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
