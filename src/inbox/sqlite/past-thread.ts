/** The thread that reads when sources spoke: started by past.ts, and gone when it has answered. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type Hour, walkBack } from '../hours.ts';
import type { PastRange } from './past.ts';

const { path, from, until } = workerData as PastRange;
const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
// Numbers go by time, so an hour is a stretch of the table.
const statement = database.prepare(`SELECT source, max(number) AS last, count(*) AS count FROM inbox
  WHERE number >= ? AND number < ? GROUP BY source`);
const spoken = await walkBack(from, until, (first, end) => statement.all(first, end) as unknown as Hour[]);
database.close();
parentPort?.postMessage(spoken);
