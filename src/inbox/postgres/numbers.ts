/** The numbers that this replica gives to events: they grow, and no other replica gives out the same. */
import { nextNumberOfSlot } from '../event-id.ts';

export class Numbers {
  #slot = 0;
  #last = 0;

  /** A new slot, and the newest number that is in the inbox. */
  begin(slot: number, newest: number): void {
    this.#slot = slot;
    this.#last = Math.max(this.#last, newest);
  }

  next(receivedAt: number): number {
    this.#last = nextNumberOfSlot(this.#slot, this.#last, receivedAt);
    return this.#last;
  }
}
