/**
 * Rows that are marked as this replica's and that no handler of it is running. Part of membership.ts. There are three causes:
 * they were adopted from a dead replica; our handlers' thread ended; a claim was committed, but its answer got lost.
 */
import type pg from 'pg';
import type { AttemptKey } from '../contract.ts';
import {
  type Ending,
  type Interrupted,
  type InterruptionRules,
  interruptedOf,
  PROCESS_ENDED,
  settleInterrupted,
} from '../retry.ts';
import type { Scheduler } from '../scheduler.ts';
import type { HandOut } from './hand-out.ts';
import type { Lease } from './lease.ts';

export interface OwnershipOptions {
  readonly pool: pg.Pool;
  readonly lease: Lease;
  readonly scheduler: Scheduler;
  readonly handOut: HandOut;
  readonly rules: InterruptionRules;
}

export class Ownership {
  readonly #options: OwnershipOptions;
  /** Nothing runs here that has been lost: the handlers' thread that had it is gone. */
  #adopts = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** What was handed out may be with others soon: until its thread has ended, nothing is adopted or given back. */
  suspend(): void {
    this.#adopts = false;
  }

  /** The handlers' thread is gone: settles what it had, and adopts. Runs between rounds. */
  async recover(ending: Ending): Promise<Interrupted[]> {
    const interrupted = this.settleLeft(await this.#owned(), ending);
    this.#adopts = true;
    return [...interrupted, ...(await this.adopt())];
  }

  /** Takes what nobody living owns, and settles it. */
  async adopt(): Promise<Interrupted[]> {
    return this.#adopts ? this.settleLeft(await this.#takeOrphans(), PROCESS_ENDED) : [];
  }

  /** Gives back, uncounted, what was never handed to a handler. */
  async giveBackStrays(): Promise<void> {
    const { handOut, pool, lease, scheduler } = this.#options;
    await handOut.between(async () => {
      if (!this.#adopts) return;
      // All at once: slots may be cleared between two statements, and then nothing here is known any more.
      const strays = (await this.#owned()).filter(
        ({ event, handler }) => !scheduler.isOut(handler, event) && !handOut.isSettling(event, handler),
      );
      for (const { event, handler, attempt } of strays) {
        await pool.query(
          `UPDATE work SET state = 'pending', attempts = attempts - 1, owner = NULL
           WHERE event = $1 AND handler = $2 AND attempts = $3 AND owner = $4 AND state = 'handling'`,
          [event, handler, attempt, lease.id ?? 0],
        );
      }
    });
  }

  settleLeft(left: readonly AttemptKey[], ending: Ending): Interrupted[] {
    const { handOut, rules } = this.#options;
    // What was settled a moment ago may not be on disk yet.
    const open = left.filter(({ event, handler }) => !handOut.isSettling(event, handler));
    const settled = settleInterrupted(open, ending, rules, Date.now());
    handOut.settle(settled);
    return interruptedOf(settled);
  }

  /** Makes its own what nobody living owns, and answers with what was being handled. */
  async #takeOrphans(): Promise<AttemptKey[]> {
    const { rows } = await this.#options.pool.query<AttemptKey & { state: string }>({
      name: 'adopt',
      text: `WITH lost AS (SELECT event, handler FROM work
          WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM replicas) FOR UPDATE SKIP LOCKED)
        UPDATE work SET owner = CASE WHEN state = 'handling' THEN $1::bigint END FROM lost
        WHERE work.event = lost.event AND work.handler = lost.handler
        RETURNING work.event, work.batch, work.handler, work.attempts AS attempt, work.state`,
      values: [this.#options.lease.id],
    });
    return rows.filter(({ state }) => state === 'handling');
  }

  /** What it owns that is being handled. */
  async #owned(): Promise<AttemptKey[]> {
    const { rows } = await this.#options.pool.query<AttemptKey>({
      name: 'owned',
      text: "SELECT event, batch, handler, attempts AS attempt FROM work WHERE owner = $1 AND state = 'handling'",
      values: [this.#options.lease.id ?? 0],
    });
    return rows;
  }
}
