/** Notices that the wall clock of this machine was set: times in the database then move along. Used by thread.ts. */

const CLOCK_JUMP_MS = 2_000;

export class ClockSteps {
  #offset = Date.now() - performance.now();

  /** Durations go by the steady clock. If `shift` throws, the next call tries again. */
  follow(shift: (byMs: number) => void): void {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#offset) < CLOCK_JUMP_MS) return;
    shift(Math.round(offset - this.#offset));
    this.#offset = offset;
  }
}
