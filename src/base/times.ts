/**
 * Times and spans of time, in milliseconds: their units, how they are said in one way everywhere, and how they are read as people
 * write them. A time is one since 1970, and is printed in UTC.
 */
import { counted } from './words.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** `2026-11-25T16:40:59.123Z` */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** The same of a time that may not be known. */
export function isoOrNull(time: number | null | undefined): string | null {
  return time === null || time === undefined ? null : iso(time);
}

/** `2026-11-25 16:40:59Z` */
export function shortTime(time: number): string {
  return `${iso(time).slice(0, 19).replace('T', ' ')}Z`;
}

export function ago(at: number, now: number): string {
  return now - at < MINUTE_MS ? 'just now' : `${spanText(now - at)} ago`;
}

/** `3 minutes`, `1 hour`, `2 days`: what is over of it, of a minute at least. */
export function spanText(ms: number): string {
  if (ms < HOUR_MS) return counted(Math.floor(ms / MINUTE_MS), 'minute');
  if (ms < DAY_MS) return counted(Math.floor(ms / HOUR_MS), 'hour');
  return counted(Math.floor(ms / DAY_MS), 'day');
}

/** A value that was read, or what is wrong with it, and what to write instead. */
export type TextRead<T> = { readonly value: T } | { readonly wrong: string; readonly fix: string };

const UNITS_MS = { s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;
const ZONE = /(Z|[+-]\d\d:\d\d)$/;
const FIX =
  'Write a time of the past as 2h, 90m, 7d, today or yesterday, or a time in UTC as 2026-11-24T16:05.';

/** Milliseconds since 1970. A time without a zone is UTC, as all times are printed; a day is its first moment. */
export function readPastTime(text: string, now: number): TextRead<number> {
  const today = now - (now % DAY_MS);
  const named = new Map([
    ['now', now],
    ['today', today],
    ['yesterday', today - DAY_MS],
  ]).get(text);
  if (named !== undefined) return { value: named };
  const span = readSpan(text);
  if (span !== undefined) return { value: now - span };
  const zone = text.length === 10 || ZONE.test(text.slice(10)) ? '' : 'Z';
  const value = TIME.test(text) ? Date.parse(`${text.replace(' ', 'T')}${zone}`) : Number.NaN;
  return Number.isNaN(value) ? { wrong: `is no time: ${text}`, fix: FIX } : { value };
}

/** The length of `90s`, `30m`, `2h` or `1d`; undefined if it is not of that form. */
export function readSpan(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
