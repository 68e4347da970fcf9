/** The thread that reads when sources spoke: started by past.ts, and gone when it has answered. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { HOURS, type Hour, walkBack } from '../hours.ts';
import type { PastRange } from './past.ts';

const { path, from, until } = workerData as PastRange;
const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
const statement = database.prepare(HOURS);
const spoken = await walkBack(from, until, ($1, $2) => statement.all({ $1, $2 }) as unknown as Hour[]);
database.close();
parentPort?.postMessage(spoken);
