/**
 * Arrivals on their way into the database: whatever came in while the last statements were under way goes into the next one.
 *
 * Two statements at a time, so that one is written while the other is synced. While the health is in doubt batches wait;
 * while it is shut they fail at once.
 */
import type { Arrival, Kept } from '../contract.ts';
import { reasonOf } from './connection.ts';
import type { Health } from './health.ts';
import type { Taken } from './receipt.ts';

const LANES = 2;
const ARRIVALS_MAX = 512;
const BYTES_MAX = 8 * 1_048_576;

export interface Batch {
  readonly id: number;
  readonly arrivals: readonly Arrival[];
}

export interface IntakeOptions {
  readonly health: Health;
  readonly keep: (arrivals: readonly Arrival[]) => Promise<Taken>;
  /** Once it is on disk. */
  readonly onTaken: (taken: Taken) => void;
  readonly kept: (id: number, kept: readonly Kept[]) => void;
  readonly failed: (id: number, reason: string) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  #queue: Batch[] = [];
  #lanes = 0;
  #whenIdle: (() => void) | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  push(batch: Batch): void {
    const { shutBecause } = this.#options.health;
    if (shutBecause === undefined) {
      this.#queue.push(batch);
      this.run();
    } else this.#options.failed(batch.id, shutBecause);
  }

  run(): void {
    while (this.#lanes < LANES && this.#queue.length > 0 && this.#options.health.isOpen) void this.#runLane();
  }

  failAll(reason: string): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { id } of queue) this.#options.failed(id, reason);
    this.#tellIdle();
  }

  /** Resolves when everything that came in has its answer. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      this.#tellIdle();
    });
  }

  async #runLane(): Promise<void> {
    this.#lanes++;
    const batches = this.#next();
    try {
      const taken = await this.#options.keep(batches.flatMap(({ arrivals }) => arrivals));
      let from = 0;
      for (const { id, arrivals } of batches) {
        this.#options.kept(id, taken.kept.slice(from, from + arrivals.length));
        from += arrivals.length;
      }
      this.#options.onTaken(taken);
    } catch (error) {
      for (const { id } of batches) this.#options.failed(id, reasonOf(error as Error));
      this.#options.health.doubt(error as Error);
    }
    this.#lanes--;
    this.run();
    this.#tellIdle();
  }

  /** At least one batch, and as many more as one statement should take. */
  #next(): Batch[] {
    let count = 0;
    let bytes = 0;
    const more = this.#queue.findIndex(({ arrivals }, at) => {
      count += arrivals.length;
      for (const { body } of arrivals) bytes += body.length;
      return at > 0 && (count > ARRIVALS_MAX || bytes > BYTES_MAX);
    });
    return this.#queue.splice(0, more === -1 ? this.#queue.length : more);
  }

  #tellIdle(): void {
    if (this.#lanes === 0 && this.#queue.length === 0) this.#whenIdle?.();
  }
}
