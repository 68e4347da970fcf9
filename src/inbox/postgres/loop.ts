/** Loop that are taken one after the other, never two at once, and what must run between two of them. For hand-out.ts. */

const RETRY_MS = 500;

export interface LoopOptions {
  readonly take: () => Promise<void>;
  /** How long the next turn may wait, asked after each. */
  readonly nextMs: () => number;
  /** A turn has failed. It is taken again in a while. */
  readonly onError: (error: Error) => void;
}

export class Loop {
  readonly #options: LoopOptions;
  #turn: Promise<void> | undefined;
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

  /** The next turn, then. One that is under way says itself when the next one should come. */
  plan(waitMs: number): void {
    if (this.#stopped || this.#turn) return;
    this.#drop();
    // A timer waits for a millisecond at the least.
    if (waitMs <= 0) this.#next = setImmediate(() => void this.take());
    else this.#timer = setTimeout(() => void this.take(), waitMs);
  }

  /** Takes one now; or waits for the one that is under way. */
  async take(): Promise<void> {
    if (this.#turn) return this.#turn;
    this.#drop();
    this.#startedAt = performance.now();
    let failed = false;
    this.#turn = this.#options.take().catch((error: Error) => {
      failed = true;
      this.#options.onError(error);
    });
    await this.#turn;
    this.#turn = undefined;
    this.plan(failed ? RETRY_MS : this.#options.nextMs());
  }

  /** Runs with no turn under way. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    while (this.#turn) await this.#turn;
    let end = () => {};
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    try {
      return await work();
    } finally {
      this.#turn = undefined;
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
