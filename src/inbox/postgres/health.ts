/**
 * Whether the database takes writes. The inbox thread's own judgement, from what happens to its statements.
 *
 *   open ── a statement is late ──▶ a probe on another connection; if it fails, and nothing was kept meanwhile: shut
 *   open ── a statement fails ──▶ doubt (a probe at once; what comes in waits)
 *   doubt ── the probe writes ──▶ open          the probe fails ──▶ shut (what comes in fails at once)
 *   shut ── a probe writes, several times a second ──▶ open
 *
 * A statement may fail for reasons of its own, as a connection may: only probes decide. A probe is all that it takes to keep an
 * event (`tryToKeep`), and a heartbeat. Readiness follows later, so that one hiccup does not take every replica out of the balancer
 * at the same time: it is lost once the database has been shut for a while, and comes back once it has been open for a while.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { dropIdle, failureText } from './connection.ts';
import type { Tell } from './replica-event.ts';

const PROBE_AGAIN_MS = 300;
const UNREADY_AFTER_MS = 1_500;
const READY_AFTER_MS = 1_000;

export class Health {
  readonly #pool: pg.Pool;
  readonly #probe: () => Promise<void>;
  readonly #tell: Tell;
  #state: 'open' | 'doubt' | 'shut' = 'open';
  #reason = '';
  #ready = true;
  #isSuspicious = false;
  #keptAt = 0;
  #turning: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(pool: pg.Pool, probe: () => Promise<void>, tell: Tell) {
    this.#pool = pool;
    this.#probe = probe;
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
    void this.#decide();
  }

  /** Something was kept. */
  noteKept(): void {
    this.#keptAt = performance.now();
  }

  /** A statement is late: it need not have failed for nothing to come through. */
  async suspect(): Promise<void> {
    if (this.#state !== 'open' || this.#isSuspicious || this.#closed) return;
    this.#isSuspicious = true;
    const begun = performance.now();
    try {
      await this.#probe();
    } catch (error) {
      const isOpen = this.#state === 'open' && this.#keptAt < begun;
      if (isOpen && !this.#closed) this.#shut(error as Error);
    } finally {
      this.#isSuspicious = false;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#next);
    clearTimeout(this.#turning);
  }

  async #decide(): Promise<void> {
    try {
      await this.#probe();
      if (this.#closed) return;
      this.#state = 'open';
      this.#turn(true, READY_AFTER_MS);
      this.#tell({ kind: 'open' });
    } catch (error) {
      if (!this.#closed) this.#shut(error as Error);
    }
  }

  #shut(error: Error): void {
    dropIdle(this.#pool, error);
    this.#reason = failureText(error);
    if (this.#state !== 'shut') {
      this.#state = 'shut';
      this.#turn(false, UNREADY_AFTER_MS);
    }
    this.#tell({ kind: 'shut', reason: this.#reason });
    // Not all replicas at the same moment.
    this.#next = setTimeout(() => void this.#decide(), PROBE_AGAIN_MS * (0.5 + Math.random()));
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

/** More than may be left on the last pages of a full disk, and nothing that compresses. */
const BODY_BYTES = 32_768;
const HANDLER = 'consignee/probe';

interface ProbeOptions {
  /** One that no event has. */
  readonly number: number;
  readonly withinMs: number;
  /** Whether some handler is `latest`. */
  readonly hasLatest: boolean;
}

/**
 * One try of what it takes to keep an event: a row of some size in each of the tables, with all their locks, indexes and
 * constraints, and back again. A heartbeat shows that commits come through; this shows that there is room, and that no table is
 * locked. Rejects if it cannot be done, or takes longer once there is a connection.
 */
export async function tryToKeep(pool: pg.Pool, options: ProbeOptions): Promise<void> {
  const client = await pool.connect();
  // One question and one answer, however far the database is.
  const question = { text: statementsFor(options), query_timeout: options.withinMs };
  try {
    await client.query(question);
    client.release();
  } catch (error) {
    const isAnswer = (error as { code?: string }).code !== undefined;
    const isUsable = isAnswer && (await client.query('ROLLBACK').then(Boolean, () => false));
    client.release(isUsable ? undefined : (error as Error));
    throw error;
  }
}

function statementsFor({ number, withinMs, hasLatest }: ProbeOptions): string {
  const identity = randomBytes(16).toString('hex');
  const newest = `INSERT INTO newest (handler, thing, at, event) VALUES ('${HANDLER}', '\\x${identity}', 0, ${number});`;
  return `BEGIN; SET LOCAL statement_timeout = ${withinMs};
    INSERT INTO keys (identity, number, digest) VALUES ('\\x${identity}', ${number}, '\\x');
    INSERT INTO inbox (number, received_at, source, is_json, address, headers, evidence, body)
      SELECT ${number}, 0, 'consignee', false, '', '{}', '[]', string_agg(sha256(int4send(nth)), '')
      FROM generate_series(1, ${BODY_BYTES / 32}) AS nth;
    INSERT INTO work (event, handler, state, attempts, due, alone, behind)
      VALUES (${number}, '${HANDLER}', 'held', 0, 0, false, false);
    ${hasLatest ? newest : ''} ROLLBACK`;
}
