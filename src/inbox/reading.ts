/**
 * Reads the inbox for the running service, in a thread of its own: the edge never waits for a disk, and the inbox thread has
 * events to keep. The thread begins with the first question. Whoever asks meanwhile shares the answer.
 */
import { Worker } from 'node:worker_threads';
import { ThreadCalls } from '../base/thread-calls.ts';
import type { Database } from './contract.ts';
import type { Standing } from './standing.ts';

export interface ReadingCalls {
  /** Undefined if there is no inbox. */
  standing(database: Database, now: number): Promise<Standing | undefined>;
}

export class InboxReading {
  readonly #database: Database;
  #worker: Worker | undefined;
  #calls: ThreadCalls<ReadingCalls> | undefined;
  #asked: Promise<Standing | undefined> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rejects if the inbox cannot be read. */
  standing(): Promise<Standing | undefined> {
    this.#asked ??= this.#thread()
      .ask('standing', this.#database, Date.now())
      .finally(() => {
        this.#asked = undefined;
      });
    return this.#asked;
  }

  close(): void {
    void this.#worker?.terminate();
  }

  #thread(): ThreadCalls<ReadingCalls> {
    if (this.#calls) return this.#calls;
    const worker = new Worker(new URL('./reading-thread.ts', import.meta.url), { name: 'reading' });
    worker.unref();
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = this.#calls = undefined;
    });
    this.#worker = worker;
    this.#calls = new ThreadCalls<ReadingCalls>(worker, 'the thread that reads');
    return this.#calls;
  }
}
