/**
 * Arrivals on their way into the database: whatever came in while the last statements were under way goes into the next one.
 *
 * Two statements at a time, so that one is written while the other is synced. While the database's health is in doubt
 * batches wait; while it is shut they fail at once.
 */
import type { ArrivalBatch } from '../messages.ts';
import { failureText } from './connection.ts';
import type { Health } from './health.ts';
import { keepAll, type ReceiptOptions } from './receipt.ts';
import { LATE_MS, type Tell } from './replica-event.ts';

const LANES = 2;
const ARRIVALS_MAX = 512;
const BYTES_MAX = 8 * 1_048_576;

export class Intake {
  readonly #receipt: ReceiptOptions;
  readonly #health: Health;
  readonly #tell: Tell;
  #queue: ArrivalBatch[] = [];
  #lanes = 0;
  #whenIdle: (() => void) | undefined;

  constructor(receipt: ReceiptOptions, health: Health, tell: Tell) {
    this.#receipt = receipt;
    this.#health = health;
    this.#tell = tell;
  }

  push(batch: ArrivalBatch): void {
    const { shutBecause } = this.#health;
    if (shutBecause === undefined) {
      this.#queue.push(batch);
      this.run();
    } else this.#tell({ kind: 'failed', id: batch.id, reason: shutBecause });
  }

  get isWaiting(): boolean {
    return this.#queue.length > 0;
  }

  run(): void {
    while (this.#lanes < LANES && this.#queue.length > 0 && this.#health.isOpen) void this.#runLane();
  }

  failAll(reason: string): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { id } of queue) this.#tell({ kind: 'failed', id, reason });
    this.#resolveIdle();
  }

  /** Resolves when everything that came in has its answer. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      this.#resolveIdle();
    });
  }

  async #runLane(): Promise<void> {
    this.#lanes++;
    const batches = this.#next();
    const late = setTimeout(() => this.#tell({ kind: 'late' }), LATE_MS);
    try {
      const arrivals = batches.flatMap((batch) => batch.arrivals);
      const { kept, deliveries, waiting } = await keepAll(this.#receipt, arrivals);
      this.#health.noteKept();
      let from = 0;
      for (const { id, arrivals } of batches) {
        this.#tell({ kind: 'kept', id, kept: kept.slice(from, from + arrivals.length) });
        from += arrivals.length;
      }
      this.#tell({ kind: 'deliveries', deliveries });
      if (waiting.size > 0) this.#tell({ kind: 'waiting', handlers: waiting });
    } catch (error) {
      for (const { id } of batches) this.#tell({ kind: 'failed', id, reason: failureText(error as Error) });
      this.#tell({ kind: 'error', error: error as Error });
    }
    clearTimeout(late);
    this.#lanes--;
    this.run();
    this.#resolveIdle();
  }

  /** At least one batch, and as many more as one statement should take. */
  #next(): ArrivalBatch[] {
    let count = 0;
    let bytes = 0;
    const more = this.#queue.findIndex(({ arrivals }, at) => {
      count += arrivals.length;
      for (const { body } of arrivals) bytes += body.length;
      return at > 0 && (count > ARRIVALS_MAX || bytes > BYTES_MAX);
    });
    return this.#queue.splice(0, more === -1 ? this.#queue.length : more);
  }

  #resolveIdle(): void {
    if (this.#lanes === 0 && this.#queue.length === 0) this.#whenIdle?.();
  }
}
