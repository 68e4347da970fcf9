/**
 * The items of an event that is a batch: where they stand in its body, and what each is. For handlers that are wired as `each`.
 * Offsets count bytes; nothing is written anew. docs/decisions/018-items.md tells how items become rows of `work`.
 */
import { jsonStartOf } from '../base/json-text.ts';
import { itemAt, listAt } from '../base/json-walk.ts';
import type { Items } from '../verify/items-place.ts';
import type { Route } from './contract.ts';
import { itemNumber, placeInBatch, spanOf } from './event-id.ts';
import { textAt, valueAt } from './event-names.ts';
import { parseBody } from './identity.ts';
import { type State, stateOf } from './newest.ts';
import { type StoredSource, wants } from './stored-source.ts';

/** An event with more of them is held; given by hand it is handed over whole. */
export const ITEMS_MOST = 100_000;
/** How far an item's number may be above that of its event. */
export const ITEMS_SPAN = spanOf(ITEMS_MOST);

/** Where an item stands in the body of the event that has the number `batch`. */
export interface Part {
  readonly batch: number;
  readonly itemAt: number;
  readonly itemLength: number;
}

/** An item that a handler wants, as it is to be planned. */
export interface PlannedItem extends Part {
  readonly event: number;
  /** For a `latest` handler, if the item tells one. */
  readonly state: State | undefined;
}

/** How many items a body has, once parsed; undefined if there is no list at that place. */
export function countItems({ path }: Items, parsed: unknown): number | undefined {
  const list = valueAt(parsed, path);
  return Array.isArray(list) ? list.length : undefined;
}

/** For how many items an event reserves numbers: 0 for one that is no batch. */
export function batchSize({ shape, routes }: StoredSource, parsed: unknown): number {
  if (!shape.items && !routes.some(({ items }) => items)) return 0;
  const counts = [shape, ...routes].map(({ items }) => (items && countItems(items, parsed)) ?? 0);
  const most = Math.max(...counts);
  return most > ITEMS_MOST ? 0 : most;
}

/** Why an event with too many items is held; null if it is not. */
export function whyTooMany({ routes }: StoredSource, parsed: unknown): string | null {
  if (!routes.some(({ items }) => items)) return null;
  const counts = routes.map(({ items }) => (items && countItems(items, parsed)) ?? 0);
  const most = Math.max(0, ...counts);
  return most > ITEMS_MOST ? `it has ${most} items, and ${ITEMS_MOST} are the most` : null;
}

/**
 * Goes on with a list at `from`, the offset where the last step ended (0 at first), of which `done` items have been seen: so many
 * `items` at the most, those that the handler wants, how many were `seen`, and where to go on (null at the end).
 */
export function splitItems(
  { items, types, latest }: Route,
  batch: number,
  body: Buffer,
  { from, done, most }: { readonly from: number; readonly done: number; readonly most: number },
) {
  // One byte, one character: offsets into this text are offsets into the bytes.
  const text = body.toString('latin1');
  const found: PlannedItem[] = [];
  let seen = 0;
  let item = itemAt(text, from === 0 ? listStart(items as Items, text, body) : from);
  let next = item?.start ?? null;
  for (; item && seen < most; item = itemAt(text, item.next)) {
    next = item.next;
    const part = { batch, itemAt: item.start, itemLength: item.end - item.start };
    const event = itemNumber(batch, done + seen++);
    const bytes = types || latest ? cutItem(body, part) : undefined;
    const parsed = bytes && parseBody(bytes);
    if (types && !wants({ types }, namesOfItem(items as Items, bytes as Buffer, parsed).type)) continue;
    found.push({ ...part, event, state: latest && stateOf(latest, parsed, bytes as Buffer) });
  }
  return { items: found, seen, next: item ? next : null };
}

/** What a handler is given when an event is replayed: its list to be split, the whole of it, or one item, a `part` of it. */
export interface GivenPart {
  readonly splits?: true;
  readonly part?: Part;
  readonly state?: State | undefined;
}

/**
 * `event`: its number, or that of an item. `batch`: the number of the event, if it has reserved numbers for items. Undefined if there is nothing
 * to give: the list is empty, or has no such item, or it is not known to the handler where the list is.
 */
export function givenPart(
  { items, latest }: Pick<Route, 'items' | 'latest'>,
  event: number,
  batch: number | null,
  body: Buffer,
): GivenPart | undefined {
  const told = (bytes: Buffer) => ({ state: latest && stateOf(latest, parseBody(bytes), bytes) });
  if (batch !== null && event !== batch) {
    const part = items && partAt(items, batch, body, placeInBatch(batch, event));
    return part && { part, ...told(cutItem(body, part)) };
  }
  const count = items && countItems(items, parseBody(body));
  if (count === 0) return undefined;
  return count === undefined || batch === null ? told(body) : { splits: true };
}

/** The item at one place of the list; undefined if the list is shorter, or is not there. */
export function partAt(items: Items, batch: number, body: Buffer, place: number): Part | undefined {
  const text = body.toString('latin1');
  let item = itemAt(text, listStart(items, text, body));
  for (let at = 0; item && at < place; at++) item = itemAt(text, item.next);
  return item && { batch, itemAt: item.start, itemLength: item.end - item.start };
}

/** A copy, so that what is kept of an item does not keep the whole body in memory. */
export function cutItem(body: Uint8Array, { itemAt, itemLength }: Omit<Part, 'batch'>): Buffer {
  return Buffer.from(body.subarray(itemAt, itemAt + itemLength));
}

/** The item's own id and type. Without a shape, of a handler that takes whole events by now, nothing is known of them. */
export function namesOfItem(items: Items | undefined, bytes: Buffer, parsed = parseBody(bytes)) {
  const firstOf = <T>(values: readonly T[]) => values.find((value) => value !== null) ?? null;
  return {
    externalId: firstOf((items?.id ?? []).map((path) => textAt(parsed, path, bytes))),
    type: firstOf((items?.type ?? []).map((path) => typeText(valueAt(parsed, path)))),
  };
}

function typeText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Where the first item is looked for; the text's end if there is no list. */
function listStart({ path }: Items, text: string, body: Buffer): number {
  return listAt(text, path, jsonStartOf(body)) ?? text.length;
}
