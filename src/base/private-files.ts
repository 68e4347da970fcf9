/**
 * Files and folders that only the service's user can read, whatever the umask: they have that mode before anything is
 * written. Called by whatever makes a file of ours.
 */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';

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

/** Closes to others what was made by an earlier version or copied here, as far as it is ours and the file system has modes. */
export function tightenFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.uid !== process.getuid?.() || (stats.mode & 0o777 & ~FILE_MODE) === 0) return;
  try {
    chmodSync(path, FILE_MODE);
  } catch {
    // A file system without modes, or one that cannot be written to, which the opening will tell.
  }
}

/** What was written to it, or to the folder it is, survives a power cut. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
