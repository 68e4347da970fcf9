/**
 * Judges the silence of a source that speaks every minute, by minutes. Asked by silence.ts; plain arithmetic, without a clock.
 *
 * It only judges where a stream broke off in the middle: in each of the last weeks, at this hour of the week and at those before
 * and behind it, hardly a minute was without an event, nor in the hour that ended with the last one. So a source that begins a little later than usual, ends earlier, or
 * lives by a summer time of its own, is left to the hours. The silence is too long after five minutes, or three times
 * (`silenceFactor`) as many as any of those hours had empty.
 */
import { HOUR_MS, MINUTE_MS } from '../../base/times.ts';
import type { SpokenMinutes } from './tally.ts';

const WEEK = 168;
const WEEKS_LEAST = 2;
const WEEKS_MOST = 4;
/** An hour with more empty minutes is not one of every minute. */
const EMPTY_MOST = 6;
const SILENT_LEAST = 5;

type Spoke = ReadonlyMap<number, SpokenMinutes>;

/** Answers with the most empty minutes of an hour that the past has, if the silence is too long. */
export function judgeMinutes(
  spoke: Spoke,
  lastTakenAt: number,
  listeningSince: number,
  now: number,
  factor: number,
): { readonly worst: number } | undefined {
  const silent = Math.floor((now - Math.max(lastTakenAt, listeningSince)) / MINUTE_MS);
  if (silent < SILENT_LEAST) return undefined;
  const hour = Math.floor(now / HOUR_MS);
  if (Math.floor(lastTakenAt / HOUR_MS) < hour - 1) return undefined;
  const today = emptyBefore(spoke, lastTakenAt);
  if (today > EMPTY_MOST) return undefined;
  const worst = Math.max(today, ...[hour - 1, hour, hour + 1].map((one) => worstEmpty(spoke, one)));
  if (worst > EMPTY_MOST) return undefined;
  return silent >= Math.max(SILENT_LEAST, factor * worst) ? { worst } : undefined;
}

/** The empty minutes of the hour that ended with the last event: whether today is a day like others. */
function emptyBefore(spoke: Spoke, lastTakenAt: number): number {
  const last = Math.floor(lastTakenAt / MINUTE_MS);
  let empty = 0;
  for (let minute = last - 59; minute <= last; minute++) {
    const [first, second] = spoke.get(Math.floor(minute / 60)) ?? [0, 0];
    const [half, bit] = minute % 60 < 30 ? [first, minute % 60] : [second, (minute % 60) - 30];
    if ((half & (1 << bit)) === 0) empty++;
  }
  return empty;
}

/** The most empty minutes that this hour of the week had in the weeks before; an hour's worth if that is not known. */
function worstEmpty(spoke: Spoke, hour: number): number {
  const first = Math.min(...spoke.keys());
  const weeks = Array.from({ length: WEEKS_MOST }, (_, nth) => hour - (nth + 1) * WEEK).filter(
    (before) => before > first,
  );
  return weeks.length < WEEKS_LEAST ? 60 : Math.max(...weeks.map((before) => emptyIn(spoke, before)));
}

function emptyIn(spoke: Spoke, hour: number): number {
  const [first, second] = spoke.get(hour) ?? [0, 0];
  return 60 - bitsOf(first) - bitsOf(second);
}

function bitsOf(minutes: number): number {
  let count = 0;
  for (let left = minutes; left !== 0; left &= left - 1) count++;
  return count;
}
