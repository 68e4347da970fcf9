/**
 * The lease of this replica: its row in `replicas`, whose heartbeat says that it lives.
 *
 *   none ── enter ──▶ held ── no heartbeat written for 0.6 of the lease ──▶ in doubt ── one is written ──▶ held
 *                      │                                                      │
 *                      └──────────────── its row is gone: others took it for dead ──▶ none
 *
 * Others take a replica for dead when they have seen the same heartbeat for 0.75 of the lease. Both times are measured by
 * the steady clock of whoever measures: no clock is compared with another one's. So a replica that cannot reach the
 * database stops handling before anybody else begins. What it owned is adopted by a replica that dispatches.
 */
import { hostname } from 'node:os';
import type pg from 'pg';
import { MINUTE_MS } from '../../base/times.ts';
import { firstNumberAt, itemNumber, nextNumberOfSlot } from '../event-id.ts';
import { ITEMS_SPAN } from '../items.ts';
import { DatabaseClock } from './clock.ts';
import { inTransaction, NOW_MS } from './connection.ts';
import { forgets, reasonOf } from './fitness.ts';
import { movingIn } from './schema.ts';

const FENCE_PART = 0.6;
const DEAD_PART = 0.75;
const HEARTBEAT_PART = 0.1;
/** No number that is right is further ahead of the time in common: what comes next does not follow it. */
const AHEAD_MS = 5 * MINUTE_MS;
/** Whoever enters holds this lock: no two take one slot. */
export const ENTRY_LOCK = 0x4373_6765;

export interface Replica {
  readonly id: number;
  readonly targets: readonly string[];
}

interface Sight extends Replica {
  readonly beat: number;
  readonly mine: boolean;
  readonly now: number;
  readonly fsync: string;
}

export class Lease {
  readonly clock = new DatabaseClock();
  readonly #pool: pg.Pool;
  readonly #leaseMs: number;
  readonly #targets: readonly string[];
  /** The heartbeat of each replica, and since when it has been seen to stand still. */
  readonly #sights = new Map<number, { readonly beat: number; readonly since: number }>();
  #id: number | undefined;
  #slot = 0;
  /** The last number that was given out, or reserved. */
  readonly #last = { usual: 0, ahead: 0 };
  #heartbeatAt = 0;
  #lookedAt = 0;
  #members: readonly Replica[] = [];

  /** `targets`: what this replica hands events to; none if it only receives. */
  constructor(pool: pg.Pool, leaseMs: number, targets: readonly string[]) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
    this.#targets = targets;
  }

  get heartbeatEveryMs(): number {
    return this.#leaseMs * HEARTBEAT_PART;
  }

  /** How long until it is in doubt, if no heartbeat is written; at most 0 if it is. */
  get leftMs(): number {
    return this.#id === undefined ? 0 : this.#heartbeatAt + this.#leaseMs * FENCE_PART - performance.now();
  }

  /** This replica, as long as nobody else can have taken over what it has. */
  get owner(): number | undefined {
    return this.leftMs > 0 ? this.#id : undefined;
  }

  /** The name under which rows are owned, whether or not it is in doubt. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Those that dispatch, this one included. */
  get members(): readonly Replica[] {
    return this.#members;
  }

  /** The number of a new event with so many items: they grow, and no other replica gives out the same. */
  nextNumber(receivedAt: number, items = 0): number {
    const at = this.clock.inCommon(receivedAt);
    // The clock may have been set back since it came.
    const which = at <= this.clock.inCommon(Date.now()) + AHEAD_MS ? 'usual' : 'ahead';
    const number = nextNumberOfSlot(this.#slot, this.#last[which], at);
    this.#last[which] = itemNumber(number, items - 1);
    return number;
  }

  async enter(): Promise<void> {
    const at = performance.now();
    const entry = await inTransaction(this.#pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [ENTRY_LOCK]);
      const askedAt = performance.now();
      const { rows } = await client.query<{ id: number; slot: number; now: number }>(
        `INSERT INTO replicas (slot, name, targets, beat)
         SELECT slot, $1, $2, 0 FROM generate_series(0, 63) AS slot
         WHERE slot NOT IN (SELECT slot FROM replicas) ORDER BY slot LIMIT 1 RETURNING id, slot, ${NOW_MS} AS now`,
        [`${hostname()} ${process.pid}`, this.#targets],
      );
      const [row] = rows;
      if (!row) throw new Error('there are 64 replicas already, or as many have died within one lease');
      this.clock.note(row.now, askedAt, performance.now());
      const moving = await movingIn(client);
      if (moving) throw new Error(`an inbox is being moved in from ${moving.from}`);
      const newest = await client.query<{ newest: number | null }>(
        `SELECT greatest(number, (SELECT max(last) FROM batches WHERE event BETWEEN number - $2 AND number)) AS newest
         FROM (SELECT max(number) AS number FROM keys WHERE number < $1) AS known`,
        [firstNumberAt(row.now + AHEAD_MS), ITEMS_SPAN],
      );
      return { ...row, newest: newest.rows[0]?.newest ?? 0 };
    });
    this.#id = entry.id;
    this.#slot = entry.slot;
    this.#last.usual = Math.max(this.#last.usual, entry.newest);
    this.#heartbeatAt = at;
  }

  /**
   * Writes a heartbeat and looks at the others. False if this replica was taken for dead. Rejects if the database does, or if
   * it forgets what it confirms.
   */
  async heartbeat(): Promise<boolean> {
    const at = performance.now();
    const { rows } = await this.#pool.query<Sight>({
      name: 'beat',
      text: `WITH mine AS (UPDATE replicas SET beat = beat + 1 WHERE id = $1 RETURNING id)
        SELECT id, beat, targets, EXISTS (SELECT FROM mine) AS mine, ${NOW_MS} AS now, current_setting('fsync') AS fsync
        FROM replicas ORDER BY id`,
      values: [this.#id ?? 0],
    });
    const [sight] = rows;
    if (!sight?.mine) {
      this.#id = undefined;
      return false;
    }
    const now = performance.now();
    this.clock.note(sight.now, at, now);
    this.#heartbeatAt = at;
    this.#members = rows.filter(({ targets }) => targets.length > 0);
    this.#watch(rows, now);
    // A session cannot pin it, as it does synchronous_commit.
    if (sight.fsync === 'off') throw new Error(reasonOf(forgets('fsync')));
    return true;
  }

  /**
   * Whoever did not look for a while has not seen anybody stand still. What was seen counts from when the answer was here:
   * the heartbeat may have been written while the question was under way.
   */
  #watch(rows: readonly { readonly id: number; readonly beat: number }[], now: number): void {
    if (now - this.#lookedAt > 3 * this.heartbeatEveryMs) this.#sights.clear();
    this.#lookedAt = now;
    for (const { id, beat } of rows) {
      if (this.#sights.get(id)?.beat !== beat) this.#sights.set(id, { beat, since: now });
    }
    for (const id of this.#sights.keys()) if (!rows.some((row) => row.id === id)) this.#sights.delete(id);
  }

  /** Removes the rows of replicas whose heartbeat has stood still for too long. Answers whether there were any. */
  async removeDead(): Promise<boolean> {
    const now = performance.now();
    const still = [...this.#sights].filter(
      ([id, { since }]) => id !== this.#id && now - since >= this.#leaseMs * DEAD_PART,
    );
    const dead = new Set<number>();
    for (const [id, { beat }] of still) {
      const { rows } = await this.#pool.query<{ id: number }>(
        `WITH dead AS (DELETE FROM replicas WHERE id = $1 AND beat = $2 RETURNING id),
           left_over AS (DELETE FROM shares USING dead WHERE replica = dead.id)
         SELECT id FROM dead`,
        [id, beat],
      );
      for (const row of rows) dead.add(row.id);
      this.#sights.delete(id);
    }
    this.#members = this.#members.filter(({ id }) => !dead.has(id));
    return dead.size > 0;
  }

  /** Nobody need wait for this replica to die: what it still owns may be adopted at once. */
  async leave(): Promise<void> {
    const id = this.#id;
    this.#id = undefined;
    if (id === undefined) return;
    const text =
      'WITH left_over AS (DELETE FROM shares WHERE replica = $1) DELETE FROM replicas WHERE id = $1';
    await this.#pool.query(text, [id]);
  }
}
