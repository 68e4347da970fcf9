/** The thread of sync-reader.ts: asks, posts the answer, and rings. */
import { workerData } from 'node:worker_threads';
import type { Client } from 'pg';
import { connectAsTest } from '../harness/postgres.ts';
import type { ReaderData } from './sync-reader.ts';

const { url, port, bell } = workerData as ReaderData;
let client: Client | undefined;

port.on('message', async (sql: string) => {
  try {
    client ??= await connectAsTest(url);
    port.postMessage({ rows: (await client.query(sql)).rows });
  } catch (error) {
    port.postMessage({ error: (error as Error).message });
  }
  Atomics.store(bell, 0, 1);
  Atomics.notify(bell, 0);
});
