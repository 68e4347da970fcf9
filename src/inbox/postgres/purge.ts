/**
 * Retention: one bounded step at a time, by whichever replica comes to it. The rule is Inbox.purge of ../contract.ts, as in
 * ../sqlite/store.ts; nothing else is shared, since keys and partitions are tables of their own here.
 */
import type pg from 'pg';
import { DAY_MS, MINUTE_MS } from '../../base/times.ts';
import { DUPLICATES_PURGE_STEP, PURGE_DUPLICATES } from '../counts.ts';
import { firstNumberAt, inBatchSql } from '../event-id.ts';
import { bigintList } from './binary-array.ts';
import { purgeCauses } from './causes.ts';
import { connect, inTransaction, NOW_MS } from './connection.ts';
import type { SharedKeyIndex } from './key-index.ts';
import type { Lease } from './lease.ts';
import { renewPartitions } from './partitions.ts';
import { purgeTallyRows } from './tallies.ts';

const EVENTS_STEP = 500;
/** Of a row of `inbox`. */
const isOfPurged = (column: string) =>
  inBatchSql(column, 'number', '(SELECT last FROM batches WHERE batches.event = number)');
/** A key is a small row in two indexes: more of them fit into the same moment. */
const KEYS_STEP = 2_000;
/** A target of which nobody has said anything for so long is as good as new. */

interface PurgeParts {
  readonly pool: pg.Pool;
  readonly url: string;
  readonly lease: Lease;
  readonly keys: SharedKeyIndex;
}

/**
 * First tallies past their time and whole partitions, then the finished events before `eventsBefore`, their attempts with them; then the keys before
 * `keysBefore`, which is what duplicates are known by. Dead and held events wait for a person, and so do their keys. Rejects
 * while the clock is in doubt.
 */
export class Purge {
  readonly #pool: pg.Pool;
  readonly #url: string;
  readonly #lease: Lease;
  readonly #keys: SharedKeyIndex;
  /** 0 for none. */
  readonly #partitionDays: number;
  /** Where events are purged one by one. An event in a partition of some days waits until all of the partition goes. */
  readonly #table: 'inbox' | 'inbox_rest';
  #cursor = 0;
  #keysCursor = 0;
  #purgesSearch = false;
  #partitionsFrom = Number.POSITIVE_INFINITY;

  constructor({ pool, url, lease, keys }: PurgeParts, partitionDays: number) {
    this.#keys = keys;
    this.#pool = pool;
    this.#url = url;
    this.#lease = lease;
    this.#partitionDays = partitionDays;
    this.#table = partitionDays > 0 ? 'inbox_rest' : 'inbox';
  }

  async step(eventsBefore: number, keysBefore: number): Promise<{ removed: number; more: boolean }> {
    const { doubtMs } = this.#lease.clock;
    // One of the two is wrong, and nobody knows what is old.
    if (doubtMs !== 0) {
      const apart = `${Math.round(Math.abs(doubtMs) / MINUTE_MS)} minutes ${doubtMs > 0 ? 'ahead of' : 'behind'}`;
      throw new Error(`nothing is purged while this machine's clock is ${apart} the database's`);
    }
    const isBegin = this.#cursor === 0 && this.#keysCursor === 0;
    if (isBegin && (await purgeTallyRows(this.#pool, Date.now()))) return { removed: 0, more: true };
    const before = firstNumberAt(eventsBefore);
    if (isBegin) {
      const { rowCount } = await this.#pool.query(PURGE_DUPLICATES, [before]);
      if ((rowCount ?? 0) >= DUPLICATES_PURGE_STEP) return { removed: 0, more: true };
    }
    let removed = 0;
    if (this.#keysCursor === 0 && !this.#purgesSearch) {
      if (this.#cursor === 0)
        await this.#pool.query('DELETE FROM actions WHERE ended_at < $1', [eventsBefore]);
      if (this.#cursor === 0 && this.#partitionDays > 0) removed += await this.#renewPartitions(eventsBefore);
      const events = await this.#purgeEvents(before);
      removed += events.removed;
      if (events.more) return { removed, more: true };
    }
    if (!this.#purgesSearch) {
      if (await this.#purgeKeys(firstNumberAt(keysBefore))) return { removed, more: true };
      await purgeCauses(this.#pool, eventsBefore);
    }
    // Search keys go last, when it is known which events are gone.
    this.#purgesSearch = await this.#keys.purge(before);
    return { removed, more: this.#purgesSearch };
  }

  async #renewPartitions(eventsBefore: number): Promise<number> {
    const client = await connect(this.#url);
    try {
      const before = firstNumberAt(eventsBefore);
      const { removed, from } = await renewPartitions(client, this.#partitionDays, before, Date.now());
      this.#partitionsFrom = from;
      return removed;
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #purgeEvents(before: number): Promise<{ removed: number; more: boolean }> {
    const { rows } = await this.#pool.query<{ number: number; busy: boolean }>(
      `SELECT number, EXISTS (SELECT FROM work WHERE ${isOfPurged('work.event')}) AS busy
       FROM ${this.#table} WHERE number > $1 AND number < $2 ORDER BY number LIMIT ${EVENTS_STEP}`,
      [this.#cursor, before],
    );
    const finished = rows.filter(({ busy }) => !busy).map(({ number }) => number);
    const removed = finished.length === 0 ? 0 : await this.#remove(finished);
    const more = rows.length === EVENTS_STEP;
    this.#cursor = more ? (rows.at(-1)?.number ?? 0) : 0;
    return { removed, more };
  }

  /** An order locks its event: an event that is being ordered at this moment, or has work again by now, stays. */
  #remove(numbers: readonly number[]): Promise<number> {
    return inTransaction(this.#pool, async (client) => {
      const held = await client.query<{ number: number }>(
        'SELECT number FROM inbox WHERE number = ANY ($1::bigint[]) FOR UPDATE SKIP LOCKED',
        [bigintList(numbers)],
      );
      const { rows } = await client.query<{ number: number }>(
        `DELETE FROM inbox WHERE number = ANY ($1::bigint[])
         AND NOT EXISTS (SELECT FROM work WHERE ${isOfPurged('work.event')}) RETURNING number`,
        [bigintList(held.rows.map(({ number }) => number))],
      );
      const gone = [bigintList(rows.map(({ number }) => number))];
      for (const table of ['attempts', 'newest']) {
        await client.query(`DELETE FROM ${table} WHERE event = ANY ($1::bigint[])`, gone);
        await client.query(
          `DELETE FROM ${table} USING batches WHERE batches.event = ANY ($1::bigint[])
           AND ${inBatchSql(`${table}.event`, 'batches.event', 'batches.last')}`,
          gone,
        );
      }
      await client.query('DELETE FROM batches WHERE event = ANY ($1::bigint[])', gone);
      return rows.length;
    });
  }

  /**
   * Each step begins where the last one ended: deleted rows stay in the index for a while, and would be read again.
   * An event in a partition keeps its key for as long as the partition is there.
   */
  async #purgeKeys(before: number): Promise<boolean> {
    await this.#pool.query(`DELETE FROM rests WHERE until < ${NOW_MS} - ${DAY_MS}`);

    const { rows } = await this.#pool.query<{ looked: number; last: number | null }>(
      `WITH old AS (
         SELECT number FROM keys WHERE number > $1 AND number < $2 ORDER BY number LIMIT ${KEYS_STEP}
       ), gone AS (
         DELETE FROM keys USING old WHERE keys.number = old.number
           AND NOT EXISTS (SELECT FROM ${this.#table} AS kept WHERE kept.number = old.number)
       )
       SELECT count(*) AS looked, max(number) AS last FROM old`,
      [this.#keysCursor, Math.min(before, this.#partitionsFrom)],
    );
    const { looked = 0, last = null } = rows[0] ?? {};
    const more = looked === KEYS_STEP;
    this.#keysCursor = more ? (last ?? 0) : 0;
    return more;
  }
}
