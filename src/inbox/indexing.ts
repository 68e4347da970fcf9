/**
 * When events get their search keys: after the fact, in small steps, whenever there is nothing better to do. For the inbox
 * thread of either driver, which says what a step is.
 *
 * A step waits for arrivals that are there, and takes a small part of the time while events keep coming, so that receipt does
 * not feel it; it takes more when all is quiet. It never stops for good: what is not indexed is found more slowly.
 */
import { MINUTE_MS } from '../base/times.ts';

/** `more`: there are events left to look at. `end`: all that can be indexed is, for now. */
type IndexStep = () => 'more' | 'end' | Promise<'more' | 'end'>;

interface IndexingOptions {
  readonly step: IndexStep;
  /** Whether an arrival waits at this moment. */
  readonly isNeeded: () => boolean;
  /** After the end it looks again in so long, if something may have come. */
  readonly againMs: number;
  readonly onError: (error: unknown) => void;
}

const YIELD_MS = 5;
const REST_LEAST_MS = 2;
/** So many times as long as a step the rest behind it is, while events come and while none do. */
const REST_WHILE_BUSY = 20;
const REST_WHILE_QUIET = 1;
const BUSY_MS = 1_000;
/** So long after an event has come it may still have to be indexed. */
const LATE_MOST_MS = MINUTE_MS;
const ERROR_MS = 30_000;

export class Indexing {
  readonly #options: IndexingOptions;
  #timer: NodeJS.Timeout | undefined;
  #runs = false;
  #stopped = false;
  #cameAt = Number.NEGATIVE_INFINITY;

  constructor(options: IndexingOptions) {
    this.#options = options;
    this.#plan(options.againMs);
  }

  /** Events have come. */
  note(): void {
    this.#cameAt = performance.now();
    if (!this.#timer && !this.#runs) this.#plan(this.#options.againMs);
  }

  /** No step begins any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #plan(waitMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#run(), waitMs).unref();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    const { step, isNeeded, againMs, onError } = this.#options;
    if (isNeeded()) return this.#plan(YIELD_MS);
    const began = performance.now();
    this.#runs = true;
    try {
      const left = await step();
      const now = performance.now();
      const quietMs = now - this.#cameAt;
      const restMs = (now - began) * (quietMs < BUSY_MS ? REST_WHILE_BUSY : REST_WHILE_QUIET);
      if (left === 'more') this.#plan(Math.max(REST_LEAST_MS, restMs));
      else if (quietMs < LATE_MOST_MS) this.#plan(againMs);
    } catch (error) {
      onError(error);
      this.#plan(ERROR_MS);
    } finally {
      this.#runs = false;
    }
  }
}
