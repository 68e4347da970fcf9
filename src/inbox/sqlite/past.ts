/**
 * When each source spoke in a time gone by: its last event of every hour, newest hours first. For the alarms.
 *
 * Read from beside the inbox, in a thread of its own (past-thread.ts) that has all the time in the world. The number of
 * events that are looked at is bounded: behind very many the past is cut short.
 */
import { Worker } from 'node:worker_threads';

export interface Spoken {
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

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
