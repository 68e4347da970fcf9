/** Rounds of work that run one after the other, never two at once, and what must run between two of them. For hand-out.ts. */

const RETRY_MS = 500;

interface LoopOptions {
  readonly round: () => Promise<void>;
  /** How long the next round may wait, asked after each. */
  readonly nextMs: () => number;
  /** A round has failed. It is tried again in a while. */
  readonly onError: (error: Error) => void;
}

export class Loop {
  readonly #options: LoopOptions;
  #current: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #next: NodeJS.Immediate | undefined;
  #startedAt = 0;
  #stopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  get sinceLastMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** The next round begins then. One that is under way says itself when the next one should. */
  plan(waitMs: number): void {
    if (this.#stopped || this.#current) return;
    this.#drop();
    // A timer waits for a millisecond at the least.
    if (waitMs <= 0) this.#next = setImmediate(() => void this.run());
    else this.#timer = setTimeout(() => void this.run(), waitMs);
  }

  /** Runs a round now, or waits for the one that is under way. */
  async run(): Promise<void> {
    if (this.#current) return this.#current;
    this.#drop();
    this.#startedAt = performance.now();
    let failed = false;
    this.#current = this.#options.round().catch((error: Error) => {
      failed = true;
      this.#options.onError(error);
    });
    await this.#current;
    this.#current = undefined;
    this.plan(failed ? RETRY_MS : this.#options.nextMs());
  }

  /** Runs `work` with no round under way. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    while (this.#current) await this.#current;
    let end = () => {};
    this.#current = new Promise((resolve) => {
      end = resolve;
    });
    try {
      return await work();
    } finally {
      this.#current = undefined;
      end();
      this.plan(this.#options.nextMs());
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#next);
  }
}
