/** Reads a time of the past as people write it, for options of commands and queries: `2h`, `yesterday`, `2026-11-24T16:05`. */

/** A value that was read, or what is wrong with it, and what to write instead. */
export type TextRead<T> = { readonly value: T } | { readonly wrong: string; readonly fix: string };

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;
const ZONE = /(Z|[+-]\d\d:\d\d)$/;
const FIX =
  'Write a time of the past as 2h, 90m, 7d, today or yesterday, or a time in UTC as 2026-11-24T16:05.';

/** Milliseconds since 1970. A time without a zone is UTC, as all times are printed; a day is its first moment. */
export function readPastTime(text: string, now: number): TextRead<number> {
  const today = now - (now % UNITS_MS.d);
  const named = new Map([
    ['now', now],
    ['today', today],
    ['yesterday', today - UNITS_MS.d],
  ]).get(text);
  if (named !== undefined) return { value: named };
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return { value: now - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS] };
  const zone = text.length === 10 || ZONE.test(text.slice(10)) ? '' : 'Z';
  const value = TIME.test(text) ? Date.parse(`${text.replace(' ', 'T')}${zone}`) : Number.NaN;
  return Number.isNaN(value) ? { wrong: `is no time: ${text}`, fix: FIX } : { value };
}
