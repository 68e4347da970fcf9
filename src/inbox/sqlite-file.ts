/**
 * What every SQLite file of ours has in common, the inbox and the refused requests: it is private from its first byte, whole or
 * not there, examined before it is touched, and brought up to the newest of its numbered migrations (its user_version).
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makePrivateFile, syncFile, tightenFile } from '../base/private-files.ts';
import { type Fit, fitOf, MARK_KEYS, type Migration, marksOf, type SchemaMark } from './migration-files.ts';

/** Reading every page takes a second for each few hundred megabytes: larger files are examined by `check` only. */
const FULL_CHECK_BYTES = 256 * 1_048_576;
/** What SQLite adds to the name of a file for what belongs to it; it gives them the mode of that file. */
export const DATABASE_PARTS = ['', '-wal', '-shm'];

/** It gets its name only when `fill` has made it whole, so that a crash never leaves half of one behind. */
export function createDatabaseFile(path: string, fill: (database: DatabaseSync) => void): void {
  const draft = `${path}-new`;
  for (const left of [draft, `${draft}-journal`]) rmSync(left, { force: true });
  makePrivateFile(draft);
  const database = new DatabaseSync(draft);
  try {
    fill(database);
  } finally {
    database.close();
  }
  syncFile(draft);
  renameSync(draft, path);
  syncFile(dirname(path));
}

export function tightenDatabaseFile(path: string): void {
  for (const part of DATABASE_PARTS) tightenFile(path + part);
}

export function renameDatabaseFile(path: string, to: string): void {
  for (const part of DATABASE_PARTS) if (existsSync(path + part)) renameSync(path + part, to + part);
}

/** Why this release cannot work with a file. */
export type FileFlaw =
  | { readonly what: 'newer'; readonly wrong: string; readonly fix: string }
  | { readonly what: 'damaged'; readonly reason: string };

/** Undefined if there is none. `probe` is a query that reads a little of what there must be. */
export function examineDatabaseFile(
  path: string,
  migrations: readonly Migration[],
  probe: string,
  isThorough = false,
): FileFlaw | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    const fit = fitOf(schemaMarkOf(database), migrations);
    if (!fit.fits) return { what: 'newer', wrong: fit.wrong, fix: fit.fix };
    const isSmall = statSync(path).size <= FULL_CHECK_BYTES;
    const check = isThorough ? 'integrity_check(1)' : isSmall ? 'quick_check(1)' : undefined;
    const verdict = check ? Object.values(database.prepare(`PRAGMA ${check}`).get() ?? {})[0] : 'ok';
    if (verdict !== 'ok') return { what: 'damaged', reason: String(verdict) };
    database.prepare(probe).all();
    return undefined;
  } catch (error) {
    const reason = (error as Error).message;
    if (/malformed|not a database|corrupt/i.test(reason)) return { what: 'damaged', reason };
    throw error;
  } finally {
    database?.close();
  }
}

export function migrateDatabase(database: DatabaseSync, migrations: readonly Migration[]): void {
  const version = numberFrom(database, 'PRAGMA user_version');
  for (const migration of migrations.filter((candidate) => candidate.version > version)) {
    transact(database, () => {
      database.exec(`${migration.sql}; PRAGMA user_version = ${migration.version};
        CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`);
      const note = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
      for (const mark of marksOf(migration)) note.run(...mark);
    });
  }
}

/** How this code gets on with the schema of a sound file. */
export function fitOfFile(path: string, migrations: readonly Migration[]): Fit {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  try {
    return fitOf(schemaMarkOf(database), migrations);
  } finally {
    database.close();
  }
}

function schemaMarkOf(database: DatabaseSync): SchemaMark {
  const version = numberFrom(database, 'PRAGMA user_version');
  const hasMeta = numberFrom(database, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'") > 0;
  const meta = (key: string) =>
    hasMeta ? database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value : undefined;
  const [oldest, by] = [meta(MARK_KEYS.oldest), meta(MARK_KEYS.by)];
  return { version, oldest: oldest && Number(oldest), by: by && String(by) } as SchemaMark;
}

/** If `work` throws, nothing has happened. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Some I/O errors have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Bytes are no Buffer in a row. */
export type SqlRow<T> = {
  readonly [Column in keyof T]: NonNullable<T[Column]> extends Buffer ? never : T[Column];
};

/** By place, or all of them by name. */
type QueryValue = SQLInputValue | Record<string, SQLInputValue>;

/** A statement whose rows have a type: that of the columns which its text names. */
export type Query<T> = Omit<StatementSync, 'all' | 'get'> & {
  all(...values: QueryValue[]): T[];
  get(...values: QueryValue[]): T | undefined;
};

/** The one place where rows get their type: beside the text that they come from. */
export function prepareQuery<T extends SqlRow<T>>(database: DatabaseSync, sql: string): Query<T> {
  const statement: unknown = database.prepare(sql);
  return statement as Query<T>;
}

export function numberFrom(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
}

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const IO_ERROR = 10;
/** IOERR_READ, _SHORT_READ, _DATA and _CORRUPTFS: what is there cannot be read. All others are of writing, and may pass. */
const READ_ERRORS = [1, 2, 32, 33];
const DAMAGED = /malformed|not a database|disk I\/O error/i;

/** What an error says about the file, by https://www.sqlite.org/rescode.html; undefined for all that does not blame the file. */
export function blameIn(error: unknown): 'damaged' | 'failing' | undefined {
  const { errcode } = error as { readonly errcode?: number };
  // It has come from another thread as text.
  if (errcode === undefined) return DAMAGED.test(String((error as Error).message)) ? 'damaged' : undefined;
  const code = errcode % 256;
  if (code === CORRUPT || code === NOT_A_DATABASE) return 'damaged';
  if (code !== IO_ERROR) return undefined;
  return READ_ERRORS.includes(Math.floor(errcode / 256)) ? 'damaged' : 'failing';
}
