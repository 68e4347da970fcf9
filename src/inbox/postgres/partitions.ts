/**
 * Partitions of `inbox` and `attempts`, each for some days: what is past its retention goes as a whole, however many events
 * it is. For large inboxes, behind the knob `postgres.partitionDays`; what has no partition lies in the _rest ones.
 *
 *   made      ahead of time, from a coming midnight (UTC) on, never for numbers that are given out already
 *   dropped   when its last day is past its retention; events with work to do move to the _rest partition first
 *
 * Part of retention (purge.ts), on a connection of its own without a limit: some of it looks at every row. What makes others
 * wait is done with a short lock timeout; it fails rather than hold them up, and is tried again at the next purge.
 */
import type pg from 'pg';
import { firstNumberAt, timeOfNumber } from '../event-id.ts';
import { atomically } from './connection.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AHEAD_DAYS = 3;
const PARTITIONS_LOCK = 0x4373_6770;
const TABLES = { inbox: 'number', attempts: 'event' } as const;

interface Range {
  /** Of the partition of `inbox`; that of `attempts` has the same ending. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** By the database's last statistics. */
  readonly rows: number;
}

/**
 * Drops what ends before that number and makes what is missing of the days to come. Answers with about how many events
 * went, and the first number that has a partition now. Changes nothing while another replica is at it.
 */
export async function renewPartitions(client: pg.ClientBase, days: number, before: number, now: number) {
  const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [
    PARTITIONS_LOCK,
  ]);
  if (!rows[0]?.got) return { removed: 0, from: firstOf(await readRanges(client)) };
  await client.query("SET lock_timeout = '1s'");
  const ranges = await readRanges(client);
  let removed = 0;
  for (const range of ranges.filter(({ to }) => to <= before)) {
    await drop(client, range);
    removed += range.rows;
  }
  await makeAhead(client, days, ranges.at(-1), now);
  return { removed, from: firstOf(await readRanges(client)) };
}

function firstOf([first]: readonly Range[]): number {
  return first?.from ?? Number.POSITIVE_INFINITY;
}

async function makeAhead(
  client: pg.ClientBase,
  days: number,
  last: Range | undefined,
  now: number,
): Promise<void> {
  await unpromise(client);
  // Not the midnight that comes in a moment: until then all must be made.
  const midnight = Math.ceil((now + HOUR_MS) / DAY_MS) * DAY_MS;
  const start = Math.max(midnight, last === undefined ? 0 : timeOfNumber(last.to));
  const until = now + Math.max(AHEAD_DAYS, 2 * days) * DAY_MS;
  if (start >= until) return;
  await promiseEmpty(client, firstNumberAt(start));
  await atomically(client, async () => {
    for (let from = start; from < until; from += days * DAY_MS) {
      const range = `FROM (${firstNumberAt(from)}) TO (${firstNumberAt(from + days * DAY_MS)})`;
      const ending = new Date(from).toISOString().slice(0, 10).replaceAll('-', '');
      for (const table of Object.keys(TABLES)) {
        await client.query(`CREATE TABLE ${table}_${ending} PARTITION OF ${table} FOR VALUES ${range}`);
      }
    }
    await unpromise(client);
  });
}

/**
 * For a new partition the database looks through all of _rest, with everybody waiting. A constraint that is known to hold
 * spares it that; finding out that it holds lets everybody go on. It must not outlive this: it would refuse events.
 */
async function promiseEmpty(client: pg.ClientBase, before: number): Promise<void> {
  for (const [table, column] of Object.entries(TABLES)) {
    const name = `${table}_rest_before`;
    await client.query(
      `ALTER TABLE ${table}_rest ADD CONSTRAINT ${name} CHECK (${column} < ${before}) NOT VALID`,
    );
    await client.query(`ALTER TABLE ${table}_rest VALIDATE CONSTRAINT ${name}`);
  }
}

/** Also of a promise that was made by somebody who then died. */
async function unpromise(client: pg.ClientBase): Promise<void> {
  for (const table of Object.keys(TABLES)) {
    await client.query(`ALTER TABLE ${table}_rest DROP CONSTRAINT IF EXISTS ${table}_rest_before`);
  }
}

async function drop(client: pg.ClientBase, { name, from, to }: Range): Promise<void> {
  const busy = `SELECT event FROM work WHERE event >= ${from} AND event < ${to}`;
  await atomically(client, async () => {
    for (const [table, column] of Object.entries(TABLES)) {
      const partition = name.replace('inbox', table);
      await client.query(`ALTER TABLE ${table} DETACH PARTITION ${partition}`);
      await client.query(`INSERT INTO ${table} SELECT * FROM ${partition} WHERE ${column} IN (${busy})`);
      await client.query(`DROP TABLE ${partition}`);
    }
  });
  await client.query(
    `DELETE FROM newest WHERE event >= ${from} AND event < ${to} AND event NOT IN (SELECT number FROM inbox WHERE number >= ${from} AND number < ${to})`,
  );
}

/** In order of time, without the _rest. */
async function readRanges(client: pg.ClientBase): Promise<Range[]> {
  const { rows } = await client.query<{ name: string; bound: string; rows: number }>(
    `SELECT relname AS name, pg_get_expr(relpartbound, pg_class.oid) AS bound, greatest(reltuples, 0)::bigint AS rows
     FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass('inbox')`,
  );
  return rows
    .flatMap(({ name, bound, rows: count }) => {
      const [, from, to] = /FROM \('(\d+)'\) TO \('(\d+)'\)/.exec(bound) ?? [];
      return from === undefined ? [] : [{ name, from: Number(from), to: Number(to), rows: count }];
    })
    .sort((one, other) => one.from - other.from);
}
