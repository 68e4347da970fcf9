/**
 * Event numbers and the ids made of them.
 *
 * A number is the millisecond of arrival (since 2020) times 4096 plus a counter: it fits a safe integer until 2089, grows
 * in the order of arrival even if the clock goes back, and as the primary key makes every insert an append.
 * Where several replicas give out numbers, the counter is split: 6 bits say which of them it was, 6 bits count.
 * The id that people and programs see is `evt_` and the number in 14 hex digits, so ids sort by time as well.
 *
 * The items of an event that is a batch have the numbers that come next in its slot: they are reserved when it comes. The id of one
 * is that of its event and its place in the list, from 0: `evt_0c5f2a9b3d4e01-4`.
 */
const EPOCH_MS = Date.UTC(2020, 0, 1);
const PER_MS = 4096;
/** 64 replicas can give out numbers beside each other. */
const PER_SLOT = PER_MS / 64;
const ID = /^evt_([0-9a-f]{14})(?:-(0|[1-9]\d{0,5}))?$/;

/** The next number after `last` for an arrival at `nowMs`. */
export function nextNumber(last: number, nowMs: number): number {
  return Math.max(last + 1, firstNumberAt(nowMs));
}

/** Like `nextNumber`, but no other slot (0 to 63) gives out the same. */
export function nextNumberOfSlot(slot: number, last: number, nowMs: number): number {
  const first = firstNumberAt(nowMs) + slot * PER_SLOT;
  if (first > last) return first;
  const next = last + 1;
  const isOwn = slotOf(next) === slot;
  if (isOwn) return next;
  const ofThisMs = next - (next % PER_MS) + slot * PER_SLOT;
  return ofThisMs >= next ? ofThisMs : ofThisMs + PER_MS;
}

export function firstNumberAt(timeMs: number): number {
  return Math.max(0, timeMs - EPOCH_MS) * PER_MS;
}

export function timeOfNumber(number: number): number {
  return Math.floor(number / PER_MS) + EPOCH_MS;
}

export function idOf(number: number): string {
  return `evt_${number.toString(16).padStart(14, '0')}`;
}

/** Also of an item: `batch` is the number of the event that it is part of. */
export function idInBatch(number: number, batch: number | null | undefined): string {
  if (batch === null || batch === undefined || batch === number) return idOf(number);
  return `${idOf(batch)}-${placeInBatch(batch, number)}`;
}

/** Returns undefined if the text is not an event id. */
export function numberOf(id: string): number | undefined {
  const [, digits, place] = ID.exec(id) ?? [];
  if (digits === undefined) return undefined;
  const number = Number.parseInt(digits, 16);
  return place === undefined ? number : itemNumber(number, Number(place));
}

/** The number of the item at that place of the list, from 0. */
export function itemNumber(batch: number, place: number): number {
  const nth = nthOfSlot(batch) + 1 + place;
  return Math.floor(nth / PER_SLOT) * PER_MS + slotOf(batch) * PER_SLOT + (nth % PER_SLOT);
}

/** The place of an item in the list of its event, from 0. */
export function placeInBatch(batch: number, item: number): number {
  return nthOfSlot(item) - nthOfSlot(batch) - 1;
}

/** In SQL: whether a number is the event's own or one of its items', whose last number is `last`. Of others' items none is. */
export function inBatchSql(column: string, event: string, last: string): string {
  const slot = (number: string) => `(${number} / ${PER_SLOT}) % ${PER_MS / PER_SLOT}`;
  return `${column} BETWEEN ${event} AND coalesce(${last}, ${event}) AND ${slot(column)} = ${slot(event)}`;
}

/** An item's number is at most so much above that of its event. */
export function spanOf(items: number): number {
  return (Math.ceil(items / PER_SLOT) + 1) * PER_MS;
}

function slotOf(number: number): number {
  return Math.floor((number % PER_MS) / PER_SLOT);
}

/** Which one it is of all numbers of its slot. */
function nthOfSlot(number: number): number {
  return Math.floor(number / PER_MS) * PER_SLOT + (number % PER_SLOT);
}
