/** Reads an SQLite inbox from beside the running service. Called by driver.ts. */
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../../base/errors.ts';
import { ThreadCalls } from '../../base/thread-calls.ts';
import type { Spoken } from '../past.ts';
import { InboxReader } from '../reader.ts';
import { movedProblem, movedTo } from './files.ts';
import { defineMemberText, SQLITE_SELECTION } from './selection.ts';

/** Throws if the file is not there, ConfigError if the inbox has moved. */
export function openSqliteReader(path: string): InboxReader {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  const moved = movedTo(database);
  if (moved) {
    database.close();
    throw new ConfigError([movedProblem(path, moved)]);
  }
  defineMemberText(database);
  return new InboxReader({
    ...SQLITE_SELECTION,
    // There is one writer, and it commits one number after the other.
    lateMs: 0,
    isShared: false,
    async all<Row>(sql: string, ...values: readonly (string | number)[]) {
      const parameters = Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]));
      return database.prepare(sql).all(parameters) as Row[];
    },
    async close() {
      database.close();
    },
  });
}

export interface PastCalls {
  read(path: string, from: number, until: number): Promise<Spoken[]>;
}

/** In a thread of its own, which keeps nobody waiting. Rejects if the file cannot be read, or when the signal says so. */
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
    const calls = new ThreadCalls<PastCalls>(worker, 'the thread that reads the past');
    return await calls.ask('read', path, from, until);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
