/**
 * Files and folders that only the service's user can read, whatever the umask: they have that mode before anything is
 * written. SQLite gives `-wal`, `-shm` and `-journal` the mode of the file they belong to. Called by whatever makes a
 * file of ours.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A folder that is there already is left as it is: it may be shared on purpose. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
}

/** Answers whether there was none. One that is there is not opened: closing it would give back SQLite's locks on it. */
export function makePrivateFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** A database gets its name only when `fill` has made it whole, so that a crash never leaves half of one behind. */
export function makePrivateDatabase(path: string, fill: (database: DatabaseSync) => void): void {
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

/** Closes to others what was made by an earlier version or copied here, as far as it is ours and the file system has modes. */
export function tightenDatabase(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) tightenFile(file);
}

export function tightenFile(path: string): void {
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.uid !== process.getuid?.() || (stats.mode & 0o777 & ~FILE_MODE) === 0) return;
  try {
    chmodSync(path, FILE_MODE);
  } catch {
    // A file system without modes, or one that cannot be written to, which the opening will tell.
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
