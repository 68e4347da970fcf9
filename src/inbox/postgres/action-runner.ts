/**
 * Carries actions out in a replica, step by step, with rests in between for what comes in. All replicas do so, one at a time.
 * Called by thread.ts.
 */
import type pg from 'pg';
import { StepPace, stuckBy } from '../action-steps.ts';
import type { StoredSource } from '../stored-source.ts';
import { remarkAhead, stepIn } from './actions.ts';
import { inTransaction } from './connection.ts';
import type { Tell } from './replica-event.ts';

const STEP_MS = 40;
/** A step has half a dozen statements, however little it looks at. */
const LOOKS_LEAST = 50;
/** Another replica is at it, or may die over it. */
const BUSY_MS = 500;
/** Somebody may have ordered something and nobody heard of it. */
const LOOK_MS = 5_000;
const RETRY_MS = 2_000;

export class ActionRunner {
  readonly #pool: pg.Pool;
  readonly #sources: ReadonlyMap<string, StoredSource>;
  readonly #tell: Tell;
  readonly #onStep: () => void;
  readonly #pace = new StepPace(STEP_MS, LOOKS_LEAST);
  #timer: NodeJS.Timeout | undefined;
  #stepping = false;
  #stopped = false;

  /** `onStep`: something may be due now. */
  constructor(pool: pg.Pool, sources: ReadonlyMap<string, StoredSource>, tell: Tell, onStep: () => void) {
    this.#pool = pool;
    this.#sources = sources;
    this.#tell = tell;
    this.#onStep = onStep;
  }

  carryOn(waitMs = 0): void {
    if (this.#stopped || this.#stepping) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#step(), waitMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #step(): Promise<void> {
    this.#stepping = true;
    const begun = performance.now();
    let waitMs = RETRY_MS;
    try {
      const end = await inTransaction(this.#pool, (client) =>
        stepIn(client, this.#sources, this.#pace.looks),
      );
      if (end === 'stepped') this.#onStep();
      waitMs =
        end === 'none' ? LOOK_MS : end === 'busy' ? BUSY_MS : this.#pace.after(performance.now() - begun);
    } catch (error) {
      this.#tell({ kind: 'error', error: error as Error });
      // A database that is away hears nothing of it, which is told elsewhere.
      await remarkAhead(this.#pool, stuckBy(error as Error)).catch(() => {});
    }
    this.#stepping = false;
    this.carryOn(waitMs);
  }
}
