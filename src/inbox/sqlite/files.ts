/**
 * The files of an SQLite inbox: made whole or not at all, examined before they are touched, owned by one service.
 *
 *   <path>         the inbox; its application_id says it is ours, its user_version which migrations it has
 *   <path>-wal     commits that are not yet in it
 *   <path>-owner   locked as long as a service runs; the lock ends with the process, however it ends
 *
 * Refuses, leaving every byte as it is: an empty file, a file of another program, a damaged one, one written by a newer
 * version, a write-ahead log whose inbox is gone, one that has moved: its events stay readable with other tools, its work is
 * gone, and nobody opens it any more.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError, type Problem } from '../../base/errors.ts';
import { makePrivateFile, makePrivateFolder, tightenFile } from '../../base/private-files.ts';
import { readMigrationsIn } from '../migration-files.ts';
import {
  createDatabaseFile,
  examineDatabaseFile,
  migrateDatabase,
  numberFrom,
  tightenDatabaseFile,
} from '../sqlite-file.ts';
import { makeFingerprintKey } from './fingerprint-key.ts';
import { defineMemberText } from './selection.ts';

/** "Csgn" */
export const APPLICATION_ID = 0x4373_676e;
/** Reads a little of the tables that an inbox has. */
const PROBE = 'SELECT count(*) FROM (SELECT number FROM inbox ORDER BY number DESC LIMIT 100)';

export const inboxMigrations = readMigrationsIn(join(import.meta.dirname, 'migrations'));

/** What is wrong with the file at `path`, changing nothing; none if it is a sound inbox or may be made anew. */
export function examineInbox(path: string, thorough = false): Problem | undefined {
  const problem = examineFile(path, thorough);
  if (problem || !existsSync(path)) return problem;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  try {
    const moved = movedTo(database);
    return moved && movedProblem(path, moved);
  } finally {
    database.close();
  }
}

/** The same for a file whose inbox may have moved. */
export function examineFile(path: string, thorough = false): Problem | undefined {
  const problem = (wrong: string, fix: string) => fileProblem(path, wrong, fix);
  try {
    if (!existsSync(path)) {
      if (existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0) {
        const fix =
          'Put the inbox back from where it went, or move the -wal file away to start with an empty one.';
        return problem('which is gone, while its write-ahead log is still there', fix);
      }
      makePrivateFolder(dirname(path));
      return undefined;
    }
    const header = readHeader(path);
    const elsewhere = 'Name another file, or move this one away.';
    if (header.length === 0) {
      return problem('which is empty', 'Restore it from a backup, or delete it to start afresh.');
    }
    if (header.length < 100 || header.toString('latin1', 0, 15) !== 'SQLite format 3') {
      return problem('which is not an SQLite file', elsewhere);
    }
    if (header.readUInt32BE(68) !== APPLICATION_ID) {
      return problem('which is a database of another program', elsewhere);
    }
    const flaw = examineDatabaseFile(path, inboxMigrations, PROBE, thorough);
    if (flaw?.what === 'newer') return problem(flaw.wrong, flaw.fix);
    if (!flaw) return undefined;
    return problem(
      `which is damaged (${flaw.reason.replaceAll('\n', ' ')})`,
      'Save what can be read with: consignee events rescue --to NEW.db (or restore a backup).',
    );
  } catch (error) {
    const wrong = `which cannot be opened (${(error as Error).message})`;
    return problem(wrong, 'Check the path and who may write there.');
  }
}

export function fileProblem(path: string, wrong: string, fix: string): Problem {
  return { setting: 'DATABASE_URL', wrong: `names ${path}, ${wrong}`, fix };
}

/** The first 100 bytes, as in https://www.sqlite.org/fileformat.html */
export function readHeader(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(100);
    return header.subarray(0, readSync(file, header, 0, 100, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * Takes the lock that keeps a second service out. Throws ConfigError if another process has it or the folder cannot be
 * written to. Closing the returned database, or the end of the process, gives it back.
 */
export function takeOwnership(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    makePrivateFolder(dirname(path));
    const owner = `${path}-owner`;
    if (!makePrivateFile(owner)) tightenFile(owner);
    lock = new DatabaseSync(owner, { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    const reason = (error as Error).message;
    if (/locked|busy/i.test(reason)) {
      const fix =
        'Stop that one first, or give this one an inbox of its own; processes of a cluster share one on PostgreSQL.';
      throw new ConfigError([fileProblem(path, 'which a running Consignee already owns', fix)]);
    }
    const wrong = `beside which nothing can be written (${reason})`;
    throw new ConfigError([fileProblem(path, wrong, 'Check the path and who may write there.')]);
  }
}

/** For a moment's work; the service has a knob. */
const CACHE_MB = 16;

/** Opens the inbox for writing, making it if it is not there, and brings it up to the newest migration. */
export function openInboxFile(path: string, cacheMb = CACHE_MB): DatabaseSync {
  const database = openFile(path, cacheMb);
  const moved = movedTo(database);
  if (!moved) return database;
  database.close();
  throw new ConfigError([movedProblem(path, moved)]);
}

/** The same for a file whose inbox may have moved. */
export function openFile(path: string, cacheMb = CACHE_MB): DatabaseSync {
  if (!existsSync(path)) createInbox(path);
  tightenDatabaseFile(path);
  const database = new DatabaseSync(path, { timeout: 2_000 });
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = ${-1024 * cacheMb};
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 67108864;
  `);
  migrateDatabase(database, inboxMigrations);
  makeFingerprintKey(database);
  defineMemberText(database);
  const mode = Object.values(database.prepare('PRAGMA journal_mode').get() ?? {})[0];
  const synchronous = numberFrom(database, 'PRAGMA synchronous');
  if (mode !== 'wal' || synchronous !== 2) {
    throw new Error(`the inbox would not be durable: journal_mode ${mode}, synchronous ${synchronous}`);
  }
  return database;
}

export const PAGE_BYTES = 8_192;

/** `fill` puts in what it is to have from the beginning. */
export function createInbox(path: string, fill: (database: DatabaseSync) => void = () => {}): void {
  createDatabaseFile(path, (database) => {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA application_id = ${APPLICATION_ID}`);
    migrateDatabase(database, inboxMigrations);
    database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('inbox', crypto.randomUUID());
    fill(database);
  });
}

/** Where an inbox has moved, as its mark says. */
export interface Moved {
  /** As people are to see it. */
  readonly place: string;
  /** The name of the inbox there. */
  readonly inbox: string;
}

export function movedTo(database: DatabaseSync): Moved | undefined {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'moved'").get();
  return row && (JSON.parse(String(row.value)) as Moved);
}

export function movedProblem(path: string, { place }: Moved): Problem {
  return fileProblem(
    path,
    `which has moved to PostgreSQL at ${place}`,
    'Set it to the URL of that database.',
  );
}
