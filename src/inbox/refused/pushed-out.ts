/**
 * Says in the log how many refused requests of a source were deleted for newer ones: the first at once, the others
 * together, once a minute at most. Told by client.ts.
 */
import type { Log } from '../../base/log/log.ts';
import type { PushedOut } from './store.ts';

const SAY_EVERY_MS = 60_000;

export class PushedOutLog {
  readonly #log: Log;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  note(pushedOut: PushedOut): void {
    for (const [source, count] of pushedOut) {
      this.#counts.set(source, (this.#counts.get(source) ?? 0) + count);
    }
    if (!this.#timer) this.#say();
  }

  /** Says what has not been said yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#say();
    clearTimeout(this.#timer);
  }

  #say(): void {
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    for (const [source, count] of this.#counts) {
      this.#log.warn({ source, count }, 'refused requests were deleted, since newer ones need their room');
    }
    this.#counts.clear();
    this.#timer = setTimeout(() => this.#say(), SAY_EVERY_MS).unref();
  }
}
