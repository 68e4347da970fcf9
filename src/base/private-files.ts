/**
 * Files and folders that only the service's user can read, whatever the umask: they have that mode before anything is
 * written. Called by whatever makes a file of ours.
 *
 * Where the folder is shared by its group on purpose, the group may read and write them too: it is of group 0 and open to it,
 * or has the setgid bit. OpenShift and Kubernetes give a volume that way to users that change from one start to the next.
 */
import { chmodSync, closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const GROUP_MAY_WRITE = 0o020;
const SETGID = 0o2000;
const RIGHTS = 0o777;

/** The modes of what lies directly in a folder. */
interface Modes {
  readonly file: number;
  readonly folder: number;
}

const PRIVATE: Modes = { file: 0o600, folder: 0o700 };
const SHARED: Modes = { file: 0o660, folder: 0o770 };

function modesIn(folder: string): Modes {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats) return PRIVATE;
  const isGroups = stats.gid === 0 && (stats.mode & GROUP_MAY_WRITE) !== 0;
  return isGroups || (stats.mode & SETGID) !== 0 ? SHARED : PRIVATE;
}

/** The mode that a file of ours is to have there. */
export function privateModeOf(path: string): number {
  return modesIn(dirname(resolve(path))).file;
}

/** A folder that is there already is left as it is: it may be shared on purpose. */
export function makePrivateFolder(path: string): void {
  const whole = resolve(path);
  const first = mkdirSync(whole, { recursive: true, mode: PRIVATE.folder });
  if (first === undefined) return;
  const { folder: mode } = modesIn(dirname(first));
  if (mode === PRIVATE.folder) return;
  let made = first;
  for (const name of ['', ...relative(first, whole).split(sep)]) {
    made = join(made, name);
    // The bit that hands the group on to what lies below stays.
    chmodSync(made, (statSync(made).mode & SETGID) | mode);
  }
}

/** Answers whether there was none. One that is there is not opened: closing it would give back SQLite's locks on it. */
export function makePrivateFile(path: string): boolean {
  try {
    const file = openSync(path, 'wx', PRIVATE.file);
    const mode = privateModeOf(path);
    if (mode !== PRIVATE.file) fchmodSync(file, mode);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * Gives what was made by an earlier version or copied here the mode that it would have now, as far as it is ours and the
 * file system has modes.
 */
export function tightenFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.uid !== process.getuid?.()) return;
  const mode = privateModeOf(path);
  if ((stats.mode & RIGHTS) === mode) return;
  try {
    chmodSync(path, mode);
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
