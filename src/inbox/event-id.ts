/**
 * Event numbers and the ids made of them.
 *
 * A number is the millisecond of arrival (since 2020) times 4096 plus a counter: it fits a safe integer until 2089, grows
 * in the order of arrival even if the clock goes back, and as the primary key makes every insert an append.
 * Where several replicas give out numbers, the counter is split: 6 bits say which of them it was, 6 bits count.
 * The id that the world sees is `evt_` and the number in 14 hex digits, so ids sort by time as well.
 */
const EPOCH_MS = Date.UTC(2020, 0, 1);
const PER_MS = 4096;
/** 64 replicas can give out numbers beside each other. */
const PER_SLOT = PER_MS / 64;
const ID = /^evt_([0-9a-f]{14})$/;

/** The next number after `last` for an arrival at `nowMs`. */
export function nextNumber(last: number, nowMs: number): number {
  return Math.max(last + 1, firstNumberAt(nowMs));
}

/** Like `nextNumber`, but no other slot (0 to 63) gives out the same. */
export function nextNumberOfSlot(slot: number, last: number, nowMs: number): number {
  const first = firstNumberAt(nowMs) + slot * PER_SLOT;
  if (first > last) return first;
  const next = last + 1;
  const isOwn = Math.floor((next % PER_MS) / PER_SLOT) === slot;
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

/** Returns undefined if the text is not an event id. */
export function numberOf(id: string): number | undefined {
  const digits = ID.exec(id)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
