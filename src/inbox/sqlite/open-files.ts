/**
 * Whether the files that are open are sound, and still the ones at their path. Asked and told by thread.ts.
 *
 * On POSIX a file that was deleted, moved or replaced goes on taking writes, and all of it is gone when the process ends. So
 * device and inode at the path are compared, ten times a second, with those that were there when the files were opened. If
 * the files are put back, all is well again. Damage stays until the next start, which examines the file: a write that works
 * proves nothing about the pages that it does not touch. A lock file that was taken away is made and locked anew, unless
 * another service has been faster.
 */
import { lstatSync, statSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { MINUTE_MS } from '../../base/times.ts';
import type { InboxTrouble } from '../contract.ts';
import { tellEdge } from '../messages.ts';
import { blameIn } from '../sqlite-file.ts';
import { takeOwnership } from './files.ts';

const LOOK_MS = 100;
/** A disk that has failed is told of for so long after the last time. */
const FAILING_MS = 10 * MINUTE_MS;
const OPEN_PARTS = ['', '-wal', '-shm'];

export class OpenFiles {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #opened: Map<string, string | undefined>;
  readonly #timer: NodeJS.Timeout;
  #owner: DatabaseSync;
  #ownerFile: string | undefined;
  #gone: string | undefined;
  #damage: string | undefined;
  #failure: { readonly reason: string; readonly at: number } | undefined;
  #told: string | undefined;

  /** To be made right after the inbox was opened. `owner`: the lock, which is given back by `close`. `onError` hears
   * of an error that `noting` met. */
  constructor(path: string, owner: DatabaseSync, onError: (error: unknown) => void) {
    this.#path = path;
    this.#owner = owner;
    this.#onError = onError;
    this.#opened = new Map(OPEN_PARTS.map((part) => [path + part, fileAt(path + part)]));
    this.#ownerFile = fileAt(`${path}-owner`);
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    const missing = [...this.#opened.keys()].filter((path) => !this.#isInPlace(path));
    const what = missing.some((path) => fileAt(path) === undefined) ? 'deleted or moved' : 'replaced';
    this.#gone =
      missing.length === 0
        ? undefined
        : `${missing.join(' and ')} was ${what} while this process has it open`;
    if (!this.#gone) this.#keepOwnership();
    if (this.#failure && performance.now() - this.#failure.at > FAILING_MS) this.#failure = undefined;
    this.#tellChange();
  }

  /** Takes note of an error, if it says something about the files; answers whether it does. */
  note(error: unknown): boolean {
    const flaw = blameIn(error);
    if (!flaw) return false;
    const reason = (error as Error).message;
    if (flaw === 'damaged') this.#damage ??= reason;
    else this.#failure = { reason, at: performance.now() };
    this.#tellChange();
    return true;
  }

  /** An error of the disk is one wherever it is met. */
  readonly noting = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (this.note(error)) this.#onError(error);
      throw error;
    }
  };

  close(): void {
    clearInterval(this.#timer);
    this.#owner.close();
  }

  #isInPlace(path: string): boolean {
    const opened = this.#opened.get(path);
    const file = fileAt(path);
    // SQLite makes it when it first needs it.
    if (opened === undefined) this.#opened.set(path, file);
    return opened === undefined || opened === file;
  }

  #keepOwnership(): void {
    const owner = `${this.#path}-owner`;
    if (this.#ownerFile === fileAt(owner)) return;
    try {
      const renewed = takeOwnership(this.#path);
      this.#owner.close();
      this.#owner = renewed;
      this.#ownerFile = fileAt(owner);
    } catch {
      this.#gone = `${owner} was taken away while this process has it open, and cannot be locked anew`;
    }
  }

  #tellChange(): void {
    const trouble = this.#trouble();
    const telling = trouble && `${trouble.kind} ${trouble.reason}`;
    if (telling === this.#told) return;
    this.#told = telling;
    tellEdge({ kind: 'trouble', trouble });
  }

  #trouble(): InboxTrouble | undefined {
    if (this.#gone) return { kind: 'gone', reason: this.#gone };
    if (this.#damage) return { kind: 'damaged', reason: this.#damage };
    return this.#failure && { kind: 'failing', reason: this.#failure.reason };
  }
}

/** Device and inode; undefined if there is none. */
function fileAt(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}

const STEP_PAGES = 1_000;

/**
 * Copies an open inbox page by page, also one that is damaged or whose files have lost their names.
 *
 * Throws unless `to` is an empty file of this user: whoever asks has made it, which proves that it may write as this user
 * does. The console may have no token.
 */
export async function copyDatabase(database: DatabaseSync, to: string): Promise<void> {
  const stats = lstatSync(to, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size > 0 || stats.nlink !== 1 || stats.uid !== process.getuid?.()) {
    throw new Error(`${to} is not an empty file of the user that the service runs as`);
  }
  await backup(database, to, { rate: STEP_PAGES });
}
