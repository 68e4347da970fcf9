/**
 * The file of the refused requests: on this machine whatever keeps the inbox, since signatures and tokens are in it, which must
 * not reach a database, a backup or a replica.
 *
 * One that is damaged, or was written by a newer version, is put aside under another name for a person to look at, and a new
 * one is made: what is refused from now on must not wait for that.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readMigrationsIn } from '../migration-files.ts';
import {
  createDatabaseFile,
  examineDatabaseFile,
  type FileFlaw,
  migrateDatabase,
  renameDatabaseFile,
  tightenDatabaseFile,
} from '../sqlite-file.ts';

const refusedMigrations = readMigrationsIn(join(import.meta.dirname, 'migrations'));
const PROBE = 'SELECT number FROM refused ORDER BY number DESC LIMIT 100';

export interface PutAside {
  /** Its name now. */
  readonly path: string;
  readonly reason: string;
}

export interface OpenedRefused {
  readonly database: DatabaseSync;
  readonly putAside: PutAside | undefined;
}

export function openRefused(path: string): OpenedRefused {
  tightenDatabaseFile(path);
  const flaw = existsSync(path) ? examineDatabaseFile(path, refusedMigrations, PROBE) : undefined;
  const putAside = flaw && putFileAside(path, flaw);
  if (!existsSync(path)) createDatabaseFile(path, (database) => migrateDatabase(database, refusedMigrations));
  const database = new DatabaseSync(path, { timeout: 2_000 });
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216',
  );
  migrateDatabase(database, refusedMigrations);
  return { database, putAside };
}

function putFileAside(path: string, flaw: FileFlaw): PutAside {
  const aside = `${path}-aside-${new Date().toISOString().replaceAll(':', '-')}`;
  renameDatabaseFile(path, aside);
  const reason =
    flaw.what === 'newer' ? 'it was written by a newer Consignee' : `it is damaged: ${flaw.reason}`;
  return { path: aside, reason };
}
