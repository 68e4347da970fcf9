/** The thread that reads when sources spoke: started by past.ts, and gone when it has answered. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { firstNumberAt, timeOfNumber } from '../event-id.ts';
import type { PastRange, Spoken } from './past.ts';

const HOUR_MS = 3_600_000;
const EVENTS_MAX = 1_000_000;
/** The disk is needed for what comes in. */
const PAUSE_MS = 5;

const { path, from, until } = workerData as PastRange;
const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
// Numbers go by time, so an hour is a stretch of the table.
const statement = database.prepare(`SELECT source, max(number) AS last, count(*) AS count FROM inbox
  WHERE number >= ? AND number < ? GROUP BY source`);
const spoken: Spoken[] = [];
let looked = 0;
for (let end = until; end > from && looked < EVENTS_MAX; end = hourBefore(end)) {
  const range = [firstNumberAt(hourBefore(end)), firstNumberAt(end)] as const;
  const rows = statement.all(...range) as { source: string; last: number; count: number }[];
  for (const { source, last, count } of rows) {
    spoken.push({ source, at: timeOfNumber(last) });
    looked += count;
  }
  if (rows.length > 0) await sleep(PAUSE_MS);
}
database.close();
parentPort?.postMessage(spoken);

/** The beginning of the hour that ends there, or in which that time lies. */
function hourBefore(time: number): number {
  return (Math.ceil(time / HOUR_MS) - 1) * HOUR_MS;
}
