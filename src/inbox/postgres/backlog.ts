/**
 * How much work there is, by handler and state. Part of status.ts.
 *
 * A small backlog is counted whenever somebody asks. Counting a large one takes longer than any statement of the inbox may, so
 * it is counted aside, on a connection of its own, by one replica for all of them; what it found is kept in `meta`, and is what
 * all answer with. The next count begins after many times as long as the last one took: the database has other work to do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { MINUTE_MS } from '../../base/times.ts';
import type { Backlog } from '../contract.ts';
import { connect, inTransaction, NOW_MS } from './connection.ts';
import { setMeta } from './schema.ts';

const QUICK_MS = 500;
const REST_FACTOR = 10;
const LONGEST_MS = 15 * MINUTE_MS;
/** Whoever asks waits for a count so long, and takes what there was before if it is not done then. */
const WAIT_MS = 5_000;
const COUNTING_LOCK = 0x4373_6774;
const QUERY_CANCELED = '57014';

interface Count extends Backlog {
  /** The lowest number of an event that waits since it came; null if there is none. */
  readonly oldest: number | null;
  /** Since when what was replayed waits. */
  readonly since: number | null;
}

interface CountsKept {
  readonly counts: readonly Count[];
  readonly tookMs: number;
  /** By the database's clock. */
  readonly countedAt: number;
}

const COUNT = `SELECT handler, state, count(*) AS count,
    min(event) FILTER (WHERE since IS NULL) AS oldest, min(since) AS since FROM work
  GROUP BY handler, state ORDER BY handler, state`;

export class Backlogs {
  readonly #pool: pg.Pool;
  readonly #url: string;
  #counting: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(pool: pg.Pool, url: string) {
    this.#pool = pool;
    this.#url = url;
  }

  async read(): Promise<readonly Count[]> {
    const before = await this.#kept();
    if (before && before.ageMs < REST_FACTOR * before.tookMs) return before.counts;
    const counts = await this.#countQuickly();
    if (counts) {
      if (before) await this.#pool.query("DELETE FROM meta WHERE key = 'backlog'");
      return counts;
    }
    this.#counting ??= this.#countAside().finally(() => {
      this.#counting = undefined;
    });
    await Promise.race([this.#counting, sleep(WAIT_MS, undefined, { ref: false })]);
    if (this.#failure) throw this.#failure;
    const kept = await this.#kept();
    if (!kept) throw new Error('what waits is still being counted');
    return kept.counts;
  }

  async #kept(): Promise<(CountsKept & { readonly ageMs: number }) | undefined> {
    const { rows } = await this.#pool.query<{ value: string; now: number }>(
      `SELECT value, ${NOW_MS} AS now FROM meta WHERE key = 'backlog'`,
    );
    const [row] = rows;
    if (!row) return undefined;
    const kept = JSON.parse(row.value) as CountsKept;
    return { ...kept, ageMs: row.now - kept.countedAt };
  }

  /** Undefined if it takes longer than others should wait for it. */
  async #countQuickly(): Promise<readonly Count[] | undefined> {
    return await inTransaction(this.#pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${QUICK_MS}; SET LOCAL enable_seqscan = on`);
      return (await client.query<Count>(COUNT)).rows;
    }).catch((error: Error & { code?: string }) => {
      if (error.code === QUERY_CANCELED) return undefined;
      throw error;
    });
  }

  async #countAside(): Promise<void> {
    try {
      const client = await connect(this.#url, LONGEST_MS);
      try {
        const { rows } = await client.query<{ got: boolean; now: number }>(
          `SELECT pg_try_advisory_lock($1) AS got, ${NOW_MS} AS now`,
          [COUNTING_LOCK],
        );
        // Another replica is at it.
        if (rows[0]?.got) await countAndKeep(client, rows[0].now);
      } finally {
        await client.end().catch(() => {});
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error as Error;
    }
  }
}

async function countAndKeep(client: pg.ClientBase, countedAt: number): Promise<void> {
  await client.query('SET statement_timeout = 0');
  const begun = performance.now();
  const { rows: counts } = await client.query<Count>(COUNT);
  const kept: CountsKept = { counts, tookMs: Math.round(performance.now() - begun), countedAt };
  await setMeta(client, 'backlog', JSON.stringify(kept));
}
