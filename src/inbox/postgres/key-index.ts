/**
 * Writes the search keys of a PostgreSQL inbox, after the fact, and takes away those of events that are purged. Called by
 * thread.ts when there is nothing better to do (../indexing.ts), and by purge.ts. One replica at a time does it: whoever has the
 * lock of the transaction.
 */
import type pg from 'pg';
import { firstNumberAt } from '../event-id.ts';
import {
  dayOfNumber,
  declaredKeys,
  type IndexedKey,
  indexedKeysOf,
  inIndexOrder,
  KEYS_BODY_MOST,
  progressAt,
  type StoredBody,
} from '../search-keys.ts';
import type { StoredSource } from '../stored-source.ts';
import { bigintList, integerList } from './binary-array.ts';
import { type Asked, inTransaction } from './connection.ts';

/** Replicas commit beside each other, and their clocks differ a little: so long after another an event may come to light. */
export const VISIBLE_AFTER_MS = 30_000;
/** "Csgk" */
const KEYS_LOCK = 0x4373_676b;
const READ_EVENTS = 300;
const READ_BYTES = 8 * 1_048_576;
const PURGE_STEP = 2_000;
const FIRST: IndexedKey = { day: -1, key: 0, event: 0 };

const NEXT = `SELECT number, source, CASE WHEN length(body) <= ${KEYS_BODY_MOST} THEN body END AS body FROM (
    SELECT number, source, body, sum(least(length(body), ${KEYS_BODY_MOST})) OVER (ORDER BY number) AS bytes FROM (
      SELECT number, source, body FROM inbox WHERE number > $1 AND number < $2 ORDER BY number LIMIT ${READ_EVENTS}
    ) AS next
  ) AS counted WHERE bytes <= ${READ_BYTES} ORDER BY number`;

const OLD = `WITH old AS (
    SELECT day, key, event FROM search_keys WHERE (day, key, event) > ($1, $2, $3) AND day < $4
    ORDER BY day, key, event LIMIT ${PURGE_STEP}
  ), gone AS (
    DELETE FROM search_keys AS known USING old
    WHERE known.day = old.day AND known.key = old.key AND known.event = old.event
      AND NOT EXISTS (SELECT FROM inbox WHERE number = old.event)
  )
  SELECT day, key, event, (SELECT count(*) FROM old) AS looked FROM old ORDER BY day DESC, key DESC, event DESC LIMIT 1`;

export class SharedKeyIndex {
  readonly #pool: pg.Pool;
  readonly #sources: ReadonlyMap<string, StoredSource>;
  readonly #declared: string;
  #purgedTo = FIRST;

  constructor(pool: pg.Pool, sources: ReadonlyMap<string, StoredSource>) {
    this.#pool = pool;
    this.#sources = sources;
    this.#declared = declaredKeys(sources);
  }

  /** Events become visible a little after others with higher numbers, and are given time for that. */
  async step(now: number): Promise<'more' | 'end'> {
    return await inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ isOurs: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1) AS "isOurs"',
        [KEYS_LOCK],
      );
      return rows[0]?.isOurs ? await this.#index(client, now) : 'end';
    });
  }

  async #index(client: Asked, now: number): Promise<'more' | 'end'> {
    const progress = await client.query<{ indexedTo: number }>(
      'SELECT indexed_to AS "indexedTo" FROM search_progress WHERE declared = $1',
      [this.#declared],
    );
    const from = progressAt(progress.rows[0]?.indexedTo, now);
    const { rows } = await client.query<StoredBody & { number: number }>(NEXT, [
      from,
      firstNumberAt(now - VISIBLE_AFTER_MS),
    ]);
    const last = rows.at(-1);
    if (!last) return 'end';
    const keys = inIndexOrder(indexedKeysOf(rows, this.#sources));
    await client.query(
      `INSERT INTO search_keys SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING`,
      [
        integerList(keys.map(({ day }) => day)),
        bigintList(keys.map(({ key }) => key)),
        bigintList(keys.map(({ event }) => event)),
      ],
    );
    await client.query(
      `INSERT INTO search_progress VALUES ($1, $2) ON CONFLICT (declared) DO UPDATE SET indexed_to = excluded.indexed_to`,
      [this.#declared, last.number],
    );
    return 'more';
  }

  /** Takes away what belongs to purged events of the days before that number. Answers whether there is more to look at. */
  async purge(before: number): Promise<boolean> {
    const { day, key, event } = this.#purgedTo;
    const { rows } = await this.#pool.query<IndexedKey & { looked: number }>(OLD, [
      day,
      key,
      event,
      dayOfNumber(before),
    ]);
    const [last] = rows;
    const more = last?.looked === PURGE_STEP;
    this.#purgedTo = more ? last : FIRST;
    return more;
  }
}
