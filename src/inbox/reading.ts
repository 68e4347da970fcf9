/**
 * Reads the inbox for the running service, in a thread of its own: the edge never waits for a disk, and the inbox thread has
 * events to keep. The thread begins with the first question.
 */
import { Worker } from 'node:worker_threads';
import { ThreadCalls } from '../base/thread-calls.ts';
import type { Database } from './contract.ts';
import type { ReadingAnswer, ReadingGiven, ReadingName } from './readings.ts';
import type { Standing } from './standing.ts';
import type { StoredSource } from './stored-source.ts';

export interface ReadingCalls {
  /** `given`: what the row of that name in readings.ts takes behind the reader and the sources. */
  read(
    from: { readonly database: Database; readonly sources: ReadonlyMap<string, StoredSource> },
    name: ReadingName,
    given: readonly unknown[],
  ): Promise<unknown>;
}

export class InboxReading {
  readonly #from: Parameters<ReadingCalls['read']>[0];
  #worker: Worker | undefined;
  #calls: ThreadCalls<ReadingCalls> | undefined;
  #asked: Promise<Standing> | undefined;

  constructor(database: Database, sources: ReadonlyMap<string, StoredSource>) {
    this.#from = { database, sources };
  }

  /** Rejects if the inbox cannot be read, or is not there yet. */
  async ask<Name extends ReadingName>(
    name: Name,
    ...given: ReadingGiven<Name>
  ): Promise<ReadingAnswer<Name>> {
    return (await this.#thread().ask('read', this.#from, name, given)) as ReadingAnswer<Name>;
  }

  /** Whoever asks meanwhile shares the answer. Rejects as `ask` does. */
  standing(): Promise<Standing> {
    this.#asked ??= this.ask('standing', Date.now()).finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
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
