/** The past of an SQLite inbox: read in a thread of its own (past-thread.ts), which has all the time in the world. */
import { Worker } from 'node:worker_threads';
import type { Spoken } from '../past.ts';

export interface PastRange {
  readonly path: string;
  readonly from: number;
  readonly until: number;
}

/** Rejects if the file cannot be read, or when the signal says so. */
export function readPast(path: string, from: number, until: number, signal: AbortSignal): Promise<Spoken[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./past-thread.ts', import.meta.url), {
      workerData: { path, from, until } satisfies PastRange,
      name: 'past',
    });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that reads the past has ended')));
    signal.addEventListener('abort', () => void worker.terminate(), { once: true });
  });
}
