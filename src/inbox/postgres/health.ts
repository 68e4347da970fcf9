/**
 * Whether the database takes writes. The inbox thread's own judgement, from what happens to its statements.
 *
 *   open ── a statement fails ──▶ doubt (a probe at once; what comes in waits)
 *   doubt ── the probe writes ──▶ open          the probe fails ──▶ shut (what comes in fails at once)
 *   shut ── a probe writes, twice a second or so ──▶ open
 *
 * A statement may fail for reasons of its own, as a connection may: only probes decide. Readiness follows later, so that one
 * hiccup does not take every replica out of the balancer at the same time: it is lost once the database has been shut for a
 * while, and comes back once it has been open for a while.
 */
import type pg from 'pg';
import { dropIdle, failureText } from './connection.ts';
import type { Membership } from './membership.ts';
import type { Tell } from './replica-event.ts';

const PROBE_MS = 500;
const UNREADY_AFTER_MS = 1_500;
const READY_AFTER_MS = 1_000;

export class Health {
  readonly #pool: pg.Pool;
  readonly #membership: Membership;
  readonly #tell: Tell;
  #state: 'open' | 'doubt' | 'shut' = 'open';
  #reason = '';
  #ready = true;
  #turning: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #closed = false;

  /** A heartbeat of this replica is the probe: a real write. */
  constructor(pool: pg.Pool, membership: Membership, tell: Tell) {
    this.#pool = pool;
    this.#membership = membership;
    this.#tell = tell;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Why nothing is taken; undefined if what comes in may try or wait. */
  get shutBecause(): string | undefined {
    return this.#state === 'shut' ? this.#reason : undefined;
  }

  /** A statement has failed. */
  doubt(error: Error): void {
    dropIdle(this.#pool, error);
    if (this.#state !== 'open' || this.#closed) return;
    this.#state = 'doubt';
    this.#reason = failureText(error);
    void this.#probe();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#next);
    clearTimeout(this.#turning);
  }

  async #probe(): Promise<void> {
    try {
      await this.#membership.heartbeat();
      if (this.#closed) return;
      this.#state = 'open';
      this.#turn(true, READY_AFTER_MS);
      this.#tell({ kind: 'open' });
    } catch (error) {
      if (this.#closed) return;
      dropIdle(this.#pool, error as Error);
      this.#reason = failureText(error as Error);
      if (this.#state === 'doubt') {
        this.#state = 'shut';
        this.#turn(false, UNREADY_AFTER_MS);
      }
      this.#tell({ kind: 'shut', reason: this.#reason });
      // Not all replicas at the same moment.
      this.#next = setTimeout(() => void this.#probe(), PROBE_MS * (0.5 + Math.random()));
    }
  }

  #turn(ready: boolean, afterMs: number): void {
    clearTimeout(this.#turning);
    if (ready === this.#ready) return;
    this.#turning = setTimeout(() => {
      this.#ready = ready;
      this.#tell({ kind: 'writes', taken: ready, reason: this.#reason });
    }, afterMs);
  }
}
