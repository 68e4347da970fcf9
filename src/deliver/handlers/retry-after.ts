/**
 * Reads the pause that `Retry-After` asks for: seconds, or an HTTP date. `0`, or a time in the past, is treated as if it were
 * not there: uncounted attempts without a pause would never end.
 */
import { HOUR_MS } from '../../base/times.ts';

const PAUSE_MAX_MS = HOUR_MS;
/** The three forms of an HTTP date; the third, asctime, does not say that it is GMT. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? [\w :-]+$/;

/** Milliseconds from now, at most an hour; undefined if no pause is asked for. */
export function pauseAskedFor(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  const ms = /^-?\d+$/.test(text) ? Number(text) * 1_000 : readDate(text) - nowMs;
  return ms > 0 ? Math.min(ms, PAUSE_MAX_MS) : undefined;
}

function readDate(text: string): number {
  if (!HTTP_DATE.test(text)) return Number.NaN;
  return Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
}
