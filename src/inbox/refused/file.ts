/**
 * The file of refused requests: opened by its thread (thread.ts), and made if there is none.
 *
 * It is on this machine whatever keeps the inbox, since signatures and tokens are in it, which must not reach a database, a
 * backup or a replica. What is deleted in it is overwritten. One that is damaged, or was written by a newer version, is put
 * aside under another name for a person to look at, and a new one is made: what is refused from now on must not wait for
 * that. What was put aside goes once everything in it is past its days.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { iso } from '../../base/times.ts';
import { readMigrationsIn } from '../migration-files.ts';
import {
  createDatabaseFile,
  DATABASE_PARTS,
  examineDatabaseFile,
  type FileFlaw,
  migrateDatabase,
  renameDatabaseFile,
  tightenDatabaseFile,
} from '../sqlite-file.ts';

const refusedMigrations = readMigrationsIn(join(import.meta.dirname, 'migrations'));
const PROBE = 'SELECT number FROM refused ORDER BY number DESC LIMIT 100';
/** So long it waits for others that have the file open. */
export const BUSY_MS = 2_000;
/** The time in its name has a dash for each colon. */
const ASIDE = /-aside-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)$/;

export interface PutAside {
  /** Its name now. */
  readonly path: string;
  readonly reason: string;
}

export function openRefused(path: string): { database: DatabaseSync; putAside: PutAside | undefined } {
  tightenDatabaseFile(path);
  const flaw = existsSync(path) ? examineDatabaseFile(path, refusedMigrations, PROBE) : undefined;
  const putAside = flaw && putFileAside(path, flaw);
  if (!existsSync(path)) createDatabaseFile(path, (database) => migrateDatabase(database, refusedMigrations));
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA secure_delete = ON;
  `);
  migrateDatabase(database, refusedMigrations);
  return { database, putAside };
}

/** Deletes what was put aside before that time. */
export function forgetAside(path: string, before: number): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}-aside-`)) continue;
    const [, day, minute, second] = ASIDE.exec(name) ?? [];
    const putAsideAt = Date.parse(`${day}:${minute}:${second}`);
    if (putAsideAt < before)
      for (const part of DATABASE_PARTS) rmSync(join(folder, name + part), { force: true });
  }
}

function putFileAside(path: string, flaw: FileFlaw): PutAside {
  const aside = `${path}-aside-${iso(Date.now()).replaceAll(':', '-')}`;
  renameDatabaseFile(path, aside);
  const reason = `it ${flaw.what === 'newer' ? `was ${flaw.wrong}` : `is damaged: ${flaw.reason}`}`;
  return { path: aside, reason };
}
