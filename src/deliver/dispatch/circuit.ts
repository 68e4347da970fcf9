/**
 * When a target that fails is left in peace. One for each target, in the handlers' thread; the inbox obeys.
 *
 *   closed ── `failures` Unavailable in a row, or one that names a time ──▶ open: the target rests
 *   open ── the rest is over ──▶ half-open: the inbox hands out a single delivery
 *   half-open ── Unavailable ──▶ open, resting longer      anything else ──▶ closed
 *
 * Only Unavailable counts: an event that fails for reasons of its own says nothing of the target.
 */

import type { DeliveryKnobs } from '../handlers.ts';
import { Unavailable } from '../outcomes.ts';
import { backoffMs } from './backoff.ts';

/** Whatever the target asks for: an hour later it may have changed its mind. */
const ASKED_MAX_MS = 3_600_000;

export class Circuit {
  readonly #knobs: DeliveryKnobs['circuit'];
  #failures = 0;
  #openings = 0;
  #openUntil = 0;

  constructor(knobs: DeliveryKnobs['circuit']) {
    this.#knobs = knobs;
  }

  get isClosed(): boolean {
    return this.#openings === 0;
  }

  /** Takes note of how an attempt ended, and answers how long the target should rest now; 0: not at all. */
  note(error: unknown, nowMs: number): number {
    if (!(error instanceof Unavailable)) {
      // A late success of an attempt from before the opening does not end the rest.
      if (nowMs >= this.#openUntil) this.#failures = this.#openings = 0;
      return this.#remaining(nowMs);
    }
    this.#failures++;
    const opens = error.restMs !== undefined || this.#failures >= this.#knobs.failures || this.#openings > 0;
    if (opens && nowMs >= this.#openUntil) {
      this.#openings++;
      this.#openUntil = nowMs + this.#restMs(error.restMs);
    }
    return this.#remaining(nowMs);
  }

  #restMs(asked: number | undefined): number {
    const { restMs, restMaxMs } = this.#knobs;
    if (asked !== undefined) return Math.min(Math.max(asked, restMs), ASKED_MAX_MS);
    // At least half of it: a rest of nearly nothing is none.
    const most = Math.min(restMaxMs, restMs * 2 ** Math.min(this.#openings - 1, 40));
    return most / 2 + backoffMs(1, most / 2, most / 2);
  }

  #remaining(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#openUntil - nowMs));
  }
}
