/**
 * The files of an SQLite inbox: made whole or not at all, examined before they are touched, owned by one service.
 *
 *   <path>         the inbox; its application_id says it is ours, its user_version which inboxMigrations it has
 *   <path>-wal     commits that are not yet in it
 *   <path>-owner   locked as long as a service runs; the lock ends with the process, however it ends
 *
 * Refuses, leaving every byte as it is: an empty file, a file of another program, a damaged one, one written by a newer
 * version, a write-ahead log whose inbox is gone, one that has moved.
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
import { movedProblem, movedProblemAt, movedTo } from './moved.ts';

/** "Csgn" */
export const APPLICATION_ID = 0x4373_676e;
/** Reads a little of the tables that an inbox has. */
const PROBE = 'SELECT count(*) FROM (SELECT number FROM inbox ORDER BY number DESC LIMIT 100)';

const inboxMigrations = readMigrationsIn(join(import.meta.dirname, 'migrations'));

/** What is wrong with the file at `path`, changing nothing; none if it is a sound inbox or may be made anew. */
export function examineInbox(path: string, thorough = false): Problem | undefined {
  return examineFile(path, thorough) ?? (existsSync(path) ? movedProblemAt(path) : undefined);
}

/** The same for a file whose inbox may have moved. */
export function examineFile(path: string, thorough = false): Problem | undefined {
  const problem = (wrong: string, fix: string): Problem => ({ setting: 'DATABASE_URL', wrong, fix });
  try {
    if (!existsSync(path)) {
      if (existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0) {
        const fix =
          'Put the inbox back from where it went, or move the -wal file away to start with an empty one.';
        return problem(`names ${path}, which is gone, while its write-ahead log is still there`, fix);
      }
      makePrivateFolder(dirname(path));
      return undefined;
    }
    const header = headerOf(path);
    const elsewhere = 'Name another file, or move this one away.';
    if (header.length === 0) {
      return problem(
        `names ${path}, which is empty`,
        'Restore it from a backup, or delete it to start afresh.',
      );
    }
    if (header.length < 100 || header.toString('latin1', 0, 15) !== 'SQLite format 3') {
      return problem(`names ${path}, which is not an SQLite file`, elsewhere);
    }
    if (header.readUInt32BE(68) !== APPLICATION_ID) {
      return problem(`names ${path}, which is a database of another program`, elsewhere);
    }
    const flaw = examineDatabaseFile(path, inboxMigrations, PROBE, thorough);
    if (flaw?.what === 'newer') {
      const wrong = `names ${path}, written by a newer Consignee (schema ${flaw.version}, this one knows ${flaw.newest})`;
      return problem(wrong, 'Run that version or a later one; going back is not possible.');
    }
    if (!flaw) return undefined;
    return problem(
      `names ${path}, which is damaged (${flaw.reason.replaceAll('\n', ' ')})`,
      `Restore a backup, or save what can be read with: sqlite3 ${path} .recover`,
    );
  } catch (error) {
    return problem(
      `names ${path}, which cannot be opened (${(error as Error).message})`,
      'Check the path and who may write there.',
    );
  }
}

function headerOf(path: string): Buffer {
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
    const problem = /locked|busy/i.test(reason)
      ? {
          wrong: `names ${path}, which a running Consignee already owns`,
          fix: 'Stop that one first, or give this one an inbox of its own.',
        }
      : {
          wrong: `names ${path}, beside which nothing can be written (${reason})`,
          fix: 'Check the path and who may write there.',
        };
    throw new ConfigError([{ setting: 'DATABASE_URL', ...problem }]);
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
  const mode = Object.values(database.prepare('PRAGMA journal_mode').get() ?? {})[0];
  const synchronous = numberFrom(database, 'PRAGMA synchronous');
  if (mode !== 'wal' || synchronous !== 2) {
    throw new Error(`the inbox would not be durable: journal_mode ${mode}, synchronous ${synchronous}`);
  }
  return database;
}

function createInbox(path: string): void {
  createDatabaseFile(path, (database) => {
    database.exec(`PRAGMA page_size = 8192; PRAGMA application_id = ${APPLICATION_ID}`);
    migrateDatabase(database, inboxMigrations);
    database.prepare('INSERT INTO meta VALUES (?, ?)').run('inbox', crypto.randomUUID());
  });
}
