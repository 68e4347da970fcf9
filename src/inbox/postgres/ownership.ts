/**
 * What this replica owns although it is not with its handlers: what was adopted, what a handlers' thread had when it ended,
 * and what a statement claimed that had seemed to fail. Part of membership.ts.
 */
import type { Interrupted } from '../contract.ts';
import type { Scheduler } from '../scheduler.ts';
import type { HandOut } from './hand-out.ts';
import type { Lease } from './lease.ts';

export interface OwnershipOptions {
  readonly lease: Lease;
  readonly scheduler: Scheduler;
  readonly handOut: HandOut;
  readonly onOrphans: (interrupted: readonly Interrupted[]) => void;
}

export class Ownership {
  readonly #options: OwnershipOptions;
  /** The edge has been told of it, and will settle it. */
  readonly #told = new Set<string>();
  /** There is somebody to settle what is adopted, and nothing runs that has been lost. */
  #adopts = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** What was handed out may be with others soon: until its thread has ended, nothing is adopted or given back. */
  suspend(): void {
    this.#adopts = false;
  }

  /** The handlers' thread is gone: what it had, and what the dead have left. Run between turns. */
  async recover(): Promise<readonly Interrupted[]> {
    const { lease } = this.#options;
    await lease.adopt();
    const owned = await lease.owned();
    for (const one of owned) this.#told.add(keyOf(one));
    this.#adopts = true;
    return owned;
  }

  /** Takes what nobody living owns. */
  async adopt(): Promise<void> {
    if (!this.#adopts) return;
    const orphans = await this.#options.lease.adopt();
    for (const one of orphans) this.#told.add(keyOf(one));
    if (orphans.length > 0) this.#options.onOrphans(orphans);
  }

  async giveBackStrays(): Promise<void> {
    const { lease, handOut } = this.#options;
    await handOut.between(async () => {
      if (!this.#adopts) return;
      const owned = await lease.owned();
      const keys = new Set(owned.map(keyOf));
      for (const key of this.#told) if (!keys.has(key)) this.#told.delete(key);
      await lease.release(owned.filter((one) => !this.#isKnown(one)));
    });
  }

  #isKnown(one: Interrupted): boolean {
    const { scheduler, handOut } = this.#options;
    const { event, handler } = one;
    return (
      scheduler.isOut(handler, event) || handOut.isSettling(event, handler) || this.#told.has(keyOf(one))
    );
  }
}

function keyOf({ event, handler, attempt }: Interrupted): string {
  return `${event} ${handler} ${attempt}`;
}
