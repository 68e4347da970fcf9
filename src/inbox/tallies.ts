/**
 * Tallies: how many requests of each source, and how many attempts of each handler, ended in which way, minute by minute and hour by
 * hour. The service adds to them every few seconds (serve/tally-book.ts); status, alarms and charts read them, and nobody
 * counts events. Minutes stay for two days, hours for 400.
 *
 * There are few of them, whatever is sent: a subject is a source or a handler of the wiring, an outcome a word of a closed list.
 * Each has a histogram of how long it took. Histograms can be added up, as percentiles cannot.
 */
import { DAY_MS, MINUTE_MS } from '../base/times.ts';

/** Lengths of time in minutes. Every count is added to one row of each. */
export const TALLY_STEPS = [1, 60] as const;
export type TallyStep = (typeof TALLY_STEPS)[number];

const KEPT_MS: Readonly<Record<TallyStep, number>> = { 1: 2 * DAY_MS, 60: 400 * DAY_MS };
/** One step of the purge takes so many rows. */
export const TALLY_PURGE_STEP = 1_000;

/** The upper bounds of the histogram, as in the metrics. What took longer than the last is in the count alone. */
export const TIMES_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** Stands for what took longer than the last of them. */
export const OVER_TIMES_MS = 10_000;

export const TALLY_KINDS = ['request', 'attempt', 'backlog'] as const;
type TallyKind = (typeof TALLY_KINDS)[number];

/** What is counted, and how it ended. */
export interface TallySubject {
  readonly kind: TallyKind;
  /** `source` of a request, `source/handler` of an attempt and of the backlog. */
  readonly subject: string;
  /**
   * Of a request `accepted`, `duplicate`, `held`, or the code with which it was refused or failed. Of an attempt how it went. Of the
   * backlog `pending`: how many waited, added up over all the looks; how many looks that were, is `looks` of the subject ''.
   */
  readonly outcome: string;
}

interface TallyCounts {
  readonly count: number;
  /** For each of TIMES_SECONDS how many took that long at most, and longer than the bound before. */
  readonly times: readonly number[];
}

/** What was counted within one minute; `minute` counts them since 1970. */
export interface MinuteTally extends TallySubject, TallyCounts {
  readonly minute: number;
}

/** `bucket`: the first of its minutes since 1970, a multiple of the step. */
export interface TallyRow extends TallySubject, TallyCounts {
  readonly step: TallyStep;
  readonly bucket: number;
}

/** Which of them to read: those that begin from `from` on and before `until`, in milliseconds since 1970. */
export interface TallyWish extends Partial<Pick<TallySubject, 'kind' | 'subject'>> {
  readonly step: TallyStep;
  readonly from: number;
  readonly until: number;
}

/** Outcomes of requests that were taken in: all others were refused, or have failed. */
export const TAKEN_OUTCOMES: readonly string[] = ['accepted', 'duplicate', 'held'];

/** What a source had taken in within one hour: accepted, held, or known already. */
export interface HourTaken {
  readonly source: string;
  /** Hours since 1970. */
  readonly hour: number;
  readonly count: number;
}

export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS);
}

/** Rows from before that minute are past their time. */
export function oldestMinuteKept(step: TallyStep, now: number): number {
  return minuteOf(now - KEPT_MS[step]);
}

/** The place in `times` for something that took so long; undefined if it took longer than all of them. */
export function placeOf(ms: number): number | undefined {
  const place = TIMES_SECONDS.findIndex((bound) => ms <= bound * 1_000);
  return place < 0 ? undefined : place;
}

export function noTimes(): number[] {
  return TIMES_SECONDS.map(() => 0);
}

export function sumOfTimes(one: readonly number[], other: readonly number[]): number[] {
  return one.map((count, at) => count + (other[at] ?? 0));
}

/**
 * The time within which this part (0 to 1) of what was counted had ended, as the upper bound of its step in milliseconds; `OVER_TIMES_MS`
 * if it took longer than all of them, undefined if nothing was counted.
 */
export function percentileOf({ count, times }: TallyCounts, part: number): number | undefined {
  if (count === 0) return undefined;
  let sum = 0;
  for (const [at, bound] of TIMES_SECONDS.entries()) {
    sum += times[at] ?? 0;
    if (sum >= count * part) return bound * 1_000;
  }
  return OVER_TIMES_MS;
}

/** All of them in one. */
export function sumOfTallies(tallies: readonly TallyCounts[]): TallyCounts {
  return tallies.reduce(sumOfCounts, { count: 0, times: noTimes() });
}

/** As few as possible: those of one subject, outcome and minute are one. */
export function mergeTallies(tallies: readonly MinuteTally[]): MinuteTally[] {
  const merged = new Map<string, MinuteTally>();
  for (const tally of tallies) {
    const key = `${tally.minute} ${tally.kind} ${tally.subject} ${tally.outcome}`;
    const before = merged.get(key);
    merged.set(key, before ? { ...tally, ...sumOfCounts(before, tally) } : tally);
  }
  return [...merged.values()];
}

function sumOfCounts(one: TallyCounts, other: TallyCounts): TallyCounts {
  return { count: one.count + other.count, times: sumOfTimes(one.times, other.times) };
}

/** The rows to which they are to be added, one for each step. */
export function rowsOfTallies(tallies: readonly MinuteTally[]): TallyRow[] {
  return TALLY_STEPS.flatMap((step) => {
    const begun = tallies.map((tally) => ({ ...tally, minute: tally.minute - (tally.minute % step) }));
    return mergeTallies(begun).map(({ minute: bucket, ...counted }) => ({ step, bucket, ...counted }));
  });
}

const BYTES = 4;

/** Four bytes each, the lowest first. */
export function bytesOfTimes(times: readonly number[]): Buffer {
  const bytes = Buffer.alloc(TIMES_SECONDS.length * BYTES);
  for (const [at, count] of times.entries()) bytes.writeUInt32LE(Math.min(count, 2 ** 32 - 1), at * BYTES);
  return bytes;
}

/** The times as a database gives them: bytes, or a list whose large numbers are text. */
export function timesOf(stored: Uint8Array | readonly (string | number)[]): number[] {
  if (!(stored instanceof Uint8Array)) return stored.map(Number);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  return TIMES_SECONDS.map((_, at) =>
    stored.byteLength < (at + 1) * BYTES ? 0 : view.getUint32(at * BYTES, true),
  );
}
