/**
 * Partitions of `inbox` and `attempts`, each for some days: what is past its retention goes as a whole, however many events
 * it is. For large inboxes, behind the knob `postgres.partitionDays`; what has no partition lies in the _rest ones.
 *
 *   made      ahead of time, from a coming midnight (UTC) on, never for numbers that are given out already
 *   dropped   when its last day is past its retention; events with work to do move to the _rest partition first
 *
 * Called by purge.ts, on a connection of its own without a limit, since some of it looks at every row. Statements that make
 * others wait do so for moments only: if they do not get their lock, they are tried again, and then again at the next purge.
 */
import type pg from 'pg';
import { DAY_MS, HOUR_MS, iso } from '../../base/times.ts';
import { firstNumberAt, inBatchSql, timeOfNumber } from '../event-id.ts';
import { ITEMS_SPAN } from '../items.ts';
import { atomically, patiently } from './connection.ts';

const AHEAD_DAYS = 3;
const PARTITIONS_LOCK = 0x4373_6770;
/** So long others may have to wait behind us, and so often. */
const LOCK_MS = 200;
/** Of one statement. */
const soon = () => performance.now() + 9_000;
const TABLES = { inbox: 'number', attempts: 'event' } as const;

interface Partition {
  /** The name in `inbox`; the partition of `attempts` has the same ending. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Drops what ends before that number and makes what is missing of the days to come. Returns how many events went, and
 * the first number that has a partition now. Changes nothing while another replica is doing the same.
 */
export async function renewPartitions(client: pg.ClientBase, days: number, before: number, now: number) {
  const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [
    PARTITIONS_LOCK,
  ]);
  let removed = 0;
  if (rows[0]?.got) {
    await client.query(`SET lock_timeout = ${LOCK_MS}`);
    const partitions = await readPartitions(client);
    for (const partition of partitions.filter(({ to }) => to <= before)) {
      removed += await dropPartition(client, partition);
    }
    await makeAhead(client, days, partitions.at(-1), now);
  }
  const [first] = await readPartitions(client);
  return { removed, from: first?.from ?? Number.POSITIVE_INFINITY };
}

async function makeAhead(
  client: pg.ClientBase,
  days: number,
  last: Partition | undefined,
  now: number,
): Promise<void> {
  await patiently(soon(), () => dropRestLimit(client));
  // A midnight that comes in a moment is too early: all must be made before it.
  const midnight = Math.ceil((now + HOUR_MS) / DAY_MS) * DAY_MS;
  const start = Math.max(midnight, last === undefined ? 0 : timeOfNumber(last.to));
  const until = now + Math.max(AHEAD_DAYS, 2 * days) * DAY_MS;
  if (start >= until) return;
  await limitRest(client, firstNumberAt(start));
  await patiently(soon(), async () => {
    await atomically(client, () => makePartitions(client, start, until, days));
  });
}

async function makePartitions(
  client: pg.ClientBase,
  start: number,
  until: number,
  days: number,
): Promise<void> {
  for (let from = start; from < until; from += days * DAY_MS) {
    const range = `FROM (${firstNumberAt(from)}) TO (${firstNumberAt(from + days * DAY_MS)})`;
    const ending = iso(from).slice(0, 10).replaceAll('-', '');
    for (const table of Object.keys(TABLES)) {
      await client.query(`CREATE TABLE ${table}_${ending} PARTITION OF ${table} FOR VALUES ${range}`);
    }
  }
  await dropRestLimit(client);
}

/**
 * CREATE … PARTITION OF scans the _rest partition under an exclusive lock, unless a validated CHECK shows that it has no rows
 * for the new one. VALIDATE does not block. The CHECK must not outlive this: it would refuse events.
 */
async function limitRest(client: pg.ClientBase, before: number): Promise<void> {
  for (const [table, column] of Object.entries(TABLES)) {
    const check = `CHECK (${column} < ${before}) NOT VALID`;
    await patiently(soon(), () =>
      client.query(`ALTER TABLE ${table}_rest ADD CONSTRAINT ${table}_rest_before ${check}`),
    );
    await patiently(soon(), () =>
      client.query(`ALTER TABLE ${table}_rest VALIDATE CONSTRAINT ${table}_rest_before`),
    );
  }
}

/** Drops the CHECK, also one that was left by a process that was killed. */
async function dropRestLimit(client: pg.ClientBase): Promise<void> {
  for (const table of Object.keys(TABLES)) {
    await client.query(`ALTER TABLE ${table}_rest DROP CONSTRAINT IF EXISTS ${table}_rest_before`);
  }
}

/** Returns how many events went with it. */
async function dropPartition(client: pg.ClientBase, { name, from, to }: Partition): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`SELECT count(*) AS count FROM ${name}`);
  // The items of an event may have numbers of the next partition.
  const busy = `SELECT coalesce(batch, event) FROM work
    WHERE event >= ${from} AND event < ${to + ITEMS_SPAN} AND coalesce(batch, event) < ${to}`;
  const isItem = (column: string) => inBatchSql(column, 'batches.event', 'last');
  const stayed = await patiently(soon(), () =>
    atomically(client, async () => {
      const moved: Record<string, number> = {};
      for (const [table, column] of Object.entries(TABLES)) {
        const partition = name.replace('inbox', table);
        await client.query(`ALTER TABLE ${table} DETACH PARTITION ${partition}`);
        const { rowCount } = await client.query(
          `INSERT INTO ${table} SELECT * FROM ${partition} WHERE ${column} IN (${busy})
           OR EXISTS (SELECT FROM batches WHERE batches.event IN (${busy}) AND ${isItem(`${partition}.${column}`)})`,
        );
        moved[table] = rowCount ?? 0;
        await client.query(`DROP TABLE ${partition}`);
      }
      return moved.inbox ?? 0;
    }),
  );
  const kept = `SELECT number FROM inbox WHERE number >= ${from} AND number < ${to}`;
  await client.query(
    `DELETE FROM newest WHERE event >= ${from} AND event < ${to} AND event NOT IN (${kept})
       AND NOT EXISTS (SELECT FROM batches WHERE batches.event IN (${kept}) AND ${isItem('newest.event')})`,
  );
  await client.query(
    `DELETE FROM batches WHERE event >= ${from} AND event < ${to} AND event NOT IN (${kept})`,
  );
  return (rows[0]?.count ?? 0) - stayed;
}

/** Sorted by time, without the _rest ones. */
async function readPartitions(client: pg.ClientBase): Promise<Partition[]> {
  const { rows } = await client.query<{ name: string; bound: string }>(
    `SELECT relname AS name, pg_get_expr(relpartbound, pg_class.oid) AS bound
     FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass('inbox')`,
  );
  return rows
    .flatMap(({ name, bound }) => {
      const [, from, to] = /FROM \('(\d+)'\) TO \('(\d+)'\)/.exec(bound) ?? [];
      return from === undefined ? [] : [{ name, from: Number(from), to: Number(to) }];
    })
    .sort((one, other) => one.from - other.from);
}
