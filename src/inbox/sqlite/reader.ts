/** Opens an SQLite inbox for reading, from beside the running service. Called by ../reader.ts. */
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../base/errors.ts';
import type { InboxReader } from '../reader.ts';
import { TableReader } from '../table-reader.ts';
import { movedProblem, movedTo } from './moved.ts';

/** Throws if the file is not there, ConfigError if the inbox has moved. */
export function openSqliteReader(path: string): InboxReader {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  const moved = movedTo(database);
  if (moved) {
    database.close();
    throw new ConfigError([movedProblem(path, moved)]);
  }
  return new TableReader({
    // There is one writer, and it commits one number after the other.
    lateMs: 0,
    keys: 'inbox',
    numbersIn: (parameter) => `SELECT value FROM json_each(${parameter})`,
    async all<Row>(sql: string, ...values: readonly (string | number)[]) {
      const parameters = Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]));
      return database.prepare(sql).all(parameters) as Row[];
    },
    async close() {
      database.close();
    },
  });
}
