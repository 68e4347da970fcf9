/**
 * When each source spoke in a time gone by, and from where: the last event of every hour and address, newest hours first. For
 * the alarms, and to know who has proved himself before; asked of a driver, which reads one hour after the other.
 *
 * The number of events that are looked at is bounded: behind very many the past is cut short.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR_MS, MINUTE_MS } from '../base/times.ts';
import { firstNumberAt, timeOfNumber } from './event-id.ts';

const EVENTS_MAX = 1_000_000;
/** The disk is needed for what comes in. */
const PAUSE_MS = 5;

export interface Spoken {
  readonly source: string;
  /** Empty if it is not known. */
  readonly address: string;
  readonly at: number;
  /** The minutes of its hour in which it spoke, as bits: of the first half hour, and of the second. */
  readonly minutes: readonly [number, number];
}

/** The events of one source and address in one hour: the newest number, and how many there are. */
export interface Hour {
  readonly source: string;
  readonly address: string;
  readonly last: number;
  readonly count: number;
  readonly firstHalf: number;
  readonly secondHalf: number;
}

const MINUTE = `CAST(number / ${firstNumberAt(timeOfNumber(0) + MINUTE_MS)} % 60 AS integer)`;
/** The minutes in which something came, from that one on, as bits. */
const bitsFrom = (first: number) =>
  `sum(DISTINCT CASE WHEN ${MINUTE} BETWEEN ${first} AND ${first + 29} THEN 1 << (${MINUTE} - ${first}) ELSE 0 END)`;

/** Numbers go by time, so an hour is a stretch of the table. */
export const HOURS = `SELECT source, address, max(number) AS last, count(*) AS count,
    ${bitsFrom(0)} AS "firstHalf", ${bitsFrom(30)} AS "secondHalf" FROM inbox
  WHERE number >= $1 AND number < $2 GROUP BY source, address`;

/** `read` answers for the events with numbers from the first to before the second. */
export async function walkBack(
  from: number,
  until: number,
  read: (first: number, end: number) => readonly Hour[] | Promise<readonly Hour[]>,
): Promise<Spoken[]> {
  const spoken: Spoken[] = [];
  let looked = 0;
  for (let end = until; end > from && looked < EVENTS_MAX; end = hourBefore(end)) {
    const rows = await read(firstNumberAt(hourBefore(end)), firstNumberAt(end));
    for (const { source, address, last, count, firstHalf, secondHalf } of rows) {
      spoken.push({ source, address, at: timeOfNumber(last), minutes: [firstHalf, secondHalf] });
      looked += count;
    }
    if (rows.length > 0) await sleep(PAUSE_MS);
  }
  return spoken;
}

/** The beginning of the hour that ends there, or in which that time lies. */
function hourBefore(time: number): number {
  return (Math.ceil(time / HOUR_MS) - 1) * HOUR_MS;
}
