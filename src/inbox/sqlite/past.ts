/** The past of an SQLite inbox: read in a thread of its own (past-thread.ts), which has all the time in the world. */
import { Worker } from 'node:worker_threads';
import { ThreadCalls } from '../../base/thread-calls.ts';
import type { Spoken } from '../past.ts';

export interface PastCalls {
  read(path: string, from: number, until: number): Promise<Spoken[]>;
}

/** Rejects if the file cannot be read, or when the signal says so. */
export async function readSqlitePast(
  path: string,
  from: number,
  until: number,
  signal: AbortSignal,
): Promise<Spoken[]> {
  const worker = new Worker(new URL('./past-thread.ts', import.meta.url), { name: 'past' });
  worker.unref();
  const end = () => void worker.terminate();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await new ThreadCalls<PastCalls>(worker, 'the thread that reads the past').ask(
      'read',
      path,
      from,
      until,
    );
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
