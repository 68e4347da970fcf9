/**
 * Reads the inbox for the running service, in a thread of its own: the edge never waits for a disk, and the inbox thread has
 * events to keep. The thread begins with the first question. Whoever asks meanwhile shares the answer.
 */
import { Worker } from 'node:worker_threads';
import { ThreadCalls } from '../base/thread-calls.ts';
import type { Database } from './contract.ts';
import type { Page, PageOptions } from './search.ts';
import type { Selection } from './selection.ts';
import type { Standing } from './standing.ts';
import type { StoredSource } from './stored-source.ts';
import type { EventDetails, PurgedEvent } from './summary.ts';

export interface ReadingCalls {
  /** Undefined if there is no inbox. */
  standing(database: Database, now: number): Promise<Standing | undefined>;
  page(database: Database, sources: StoredSources, selection: Selection, place: PagePlace): Promise<Page>;
  /** Undefined if there is no such event. */
  event(database: Database, number: number): Promise<EventDetails | PurgedEvent | undefined>;
}

type StoredSources = ReadonlyMap<string, StoredSource>;
type PagePlace = Pick<PageOptions, 'limit' | 'before'>;

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

  /** Both reject if the inbox cannot be read. */
  async page(sources: StoredSources, selection: Selection, place: PagePlace): Promise<Page> {
    return await this.#thread().ask('page', this.#database, sources, selection, place);
  }

  async event(number: number): Promise<EventDetails | PurgedEvent | undefined> {
    return await this.#thread().ask('event', this.#database, number);
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
