/**
 * What is usual for a source at this hour: judged by its own past, hour by hour (CountReader.hoursTaken). Pure; asked by status and
 * by the alarms, which ask the database for the past and the clock for the time.
 *
 * The same stretch of a day is looked at on the same weekday of the last four weeks, and on the days of the last week that are of
 * the same kind, working day or weekend. Usual is what lies in the middle of these: one odd day changes little, and a source
 * that has grown is judged by its new size within days. Days are those of UTC.
 *
 * It is not known before there were three such days: on the fourth working day at the earliest. Nothing from before the first
 * event of the source counts, nor the hour of that event, since nobody knows what was missing of it.
 */
import { HOUR_MS } from '../base/times.ts';

const DAY_HOURS = 24;
const WEEKS = 4;
const SAMPLES_LEAST = 3;

export interface Usual {
  /** In the middle, and at the least and the most. */
  readonly count: number;
  readonly least: number;
  readonly most: number;
}

/** From here on the past must be read for a stretch that ends at that time. */
export function usualFrom(until: number): number {
  return until - (WEEKS * 7 + 1) * DAY_HOURS * HOUR_MS;
}

/**
 * How many are usual between two times in milliseconds since 1970, at most a day apart; undefined if it is not known. `past`: how
 * many there were by hours since 1970. Of hours that the stretch has only in part, that part counts.
 */
export function usualBetween(
  past: ReadonlyMap<number, number>,
  from: number,
  until: number,
): Usual | undefined {
  const begin = Math.min(...past.keys());
  const stretch = { first: from / HOUR_MS, end: until / HOUR_MS };
  const samples = daysLikeThat(from)
    .map((days) => ({ first: stretch.first - days * DAY_HOURS, end: stretch.end - days * DAY_HOURS }))
    .filter(({ first }) => first >= begin + 1)
    .map((sample) => countIn(past, sample))
    .sort((one, other) => one - other);
  if (samples.length < SAMPLES_LEAST) return undefined;
  const middle = (samples.length - 1) / 2;
  const [low, high] = [samples[Math.floor(middle)] ?? 0, samples[Math.ceil(middle)] ?? 0];
  return {
    count: Math.round((low + high) / 2),
    least: Math.round(samples[0] ?? 0),
    most: Math.round(samples.at(-1) ?? 0),
  };
}

/** So many days ago, each of them. */
function daysLikeThat(time: number): number[] {
  const isWeekend = (daysAgo: number) =>
    [0, 6].includes(new Date(time - daysAgo * DAY_HOURS * HOUR_MS).getUTCDay());
  const lastWeek = [1, 2, 3, 4, 5, 6].filter((daysAgo) => isWeekend(daysAgo) === isWeekend(0));
  return [...lastWeek, ...Array.from({ length: WEEKS }, (_, week) => 7 * (week + 1))];
}

function countIn(past: ReadonlyMap<number, number>, { first, end }: { first: number; end: number }): number {
  let count = 0;
  for (let hour = Math.floor(first); hour < end; hour++) {
    const part = Math.min(hour + 1, end) - Math.max(hour, first);
    count += part * (past.get(hour) ?? 0);
  }
  return count;
}
