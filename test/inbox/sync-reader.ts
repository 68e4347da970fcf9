/**
 * Reads a PostgreSQL database and waits for the answer, as one reads a file: for the contract suite, which asks both kinds
 * of inbox the same questions. A thread does the asking; this one sleeps meanwhile.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

export interface SyncReader {
  query<T>(sql: string): T[];
  close(): Promise<void>;
}

interface Answer {
  readonly rows?: unknown[];
  readonly error?: string;
}

const ANSWER_MS = 10_000;

export function openSyncReader(url: string): SyncReader {
  const { port1: here, port2: there } = new MessageChannel();
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./sync-reader-thread.ts', import.meta.url), {
    workerData: { url, port: there, bell } satisfies ReaderData,
    transferList: [there],
  });
  return {
    query<T>(sql: string): T[] {
      Atomics.store(bell, 0, 0);
      here.postMessage(sql);
      Atomics.wait(bell, 0, 0, ANSWER_MS);
      const { rows, error } = (receiveMessageOnPort(here)?.message ?? { error: 'no answer' }) as Answer;
      if (error !== undefined) throw new Error(error);
      return rows as T[];
    },
    async close() {
      here.close();
      await worker.terminate();
    },
  };
}

export interface ReaderData {
  readonly url: string;
  readonly port: MessagePort;
  readonly bell: Int32Array;
}
