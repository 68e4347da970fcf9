/**
 * Search keys: values by which people look for events, a tracking number or an order, at the members of the body that a preset
 * or the wiring names. They are indexed after the fact, and an index is all they are: it can be made anew at any time.
 */
import { hash } from 'node:crypto';
import { dataOfForm } from '../base/form-text.ts';
import { DAY_MS, MINUTE_MS } from '../base/times.ts';
import type { SearchKeys } from '../verify/preset.ts';
import { firstNumberAt, timeOfNumber } from './event-id.ts';
import { textsAt } from './event-names.ts';
import { parseBody } from './identity.ts';
import type { StoredSource } from './stored-source.ts';

/** Of one event so many at the most: a body may have a list of any length. */
const KEYS_MOST = 64;
/** What is longer is no key that anybody types. */
const LENGTH_MOST = 200;

/** A longer body is not looked into: that would keep others waiting. */
export const KEYS_BODY_MOST = 1_048_576;
/** A number that is so far ahead of now was given by a clock that was wrong. */
const AHEAD_MS = 5 * MINUTE_MS;

/** A row of `inbox`, as far as keys are in it. */
export interface StoredBody {
  readonly source: string;
  readonly body: Uint8Array | null;
}

/** A row of `search_keys`. */
export interface IndexedKey {
  readonly day: number;
  readonly key: number;
  readonly event: number;
}

/** The day of an event's number, counted from 1970. */
export function dayOfNumber(number: number): number {
  return Math.floor(timeOfNumber(number) / DAY_MS);
}

export function indexedKeysOf(
  events: readonly (StoredBody & { readonly number: number })[],
  sources: ReadonlyMap<string, StoredSource>,
): IndexedKey[] {
  return events.flatMap(({ number: event, ...row }) => {
    return searchKeysOf(row, sources).map((key) => ({ day: dayOfNumber(event), key, event }));
  });
}

/** So what is written lies together. */
export function inIndexOrder(keys: readonly IndexedKey[]): IndexedKey[] {
  return keys.toSorted((one, other) => one.day - other.day || one.key - other.key || one.event - other.event);
}

/** How far events are indexed. With a mark in the future, events may have come behind it: all are looked at again. */
export function progressAt(mark: number | undefined, now: number): number {
  return mark === undefined || mark > firstNumberAt(now + AHEAD_MS) ? 0 : mark;
}

/** The number under which a value is indexed: as people write it, in capitals or not, with spaces and hyphens or without. */
export function searchKeyOf(value: string): number {
  const digest = hash('sha256', value.toUpperCase().replace(/[\s-]+/g, ''), 'buffer');
  // 53 bits: a safe integer, and enough against chance.
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) >> 3);
}

/** The values in a body, by the name of the key. */
export function keyValuesOf(keys: SearchKeys, bytes: Uint8Array): Map<string, string[]> {
  const received = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const json = parseBody(received);
  const form = json === undefined ? dataOfForm(received) : undefined;
  const [parsed, body] = form ? [form.data, form.json ?? received] : [json, received];
  const found = new Map<string, string[]>();
  for (const [name, paths] of Object.entries(keys)) {
    const texts = paths.flatMap((path) => textsAt(parsed, path, body));
    const values = new Set(texts.filter((text) => text.length <= LENGTH_MOST && /[^\s-]/.test(text)));
    if (values.size > 0) found.set(name, [...values]);
  }
  return found;
}

/** The numbers under which an event is indexed. */
export function searchKeysOf(
  { source, body }: StoredBody,
  sources: ReadonlyMap<string, StoredSource>,
): number[] {
  const keys = sources.get(source)?.keys;
  if (keys === undefined || body === null || body.length > KEYS_BODY_MOST) return [];
  const values = [...keyValuesOf(keys, body).values()].flat().slice(0, KEYS_MOST);
  return [...new Set(values.map(searchKeyOf))];
}

/** What the sources declare: when that changes, what is indexed already has to be looked at again. */
export function declaredKeys(sources: ReadonlyMap<string, StoredSource>): string {
  const declared = [...sources].map(([name, { keys = {} }]) => [name, Object.entries(keys).sort()]);
  return hash('sha256', JSON.stringify(declared.sort())).slice(0, 16);
}
