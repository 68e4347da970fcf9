/**
 * How the statements that run all the time find their rows, planned as for any parameters while the tables are empty, as a
 * connection that lives long has it: a plan that reads a table whole, or compares each row with each, would show with the
 * first backlog only.
 */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COUNT_QUERIES } from '../../src/inbox/count-reader.ts';
import { ADD_DUPLICATE, PURGE_DUPLICATES } from '../../src/inbox/counts.ts';
import { KEEP, KNOWN, NAMES } from '../../src/inbox/postgres/candidates.ts';
import { CLAIM } from '../../src/inbox/postgres/claims.ts';
import { createPool } from '../../src/inbox/postgres/connection.ts';
import { DISCARD_SELECTED, REPLAY_ENDED, REPLAY_OPEN } from '../../src/inbox/postgres/replays.ts';
import { POSTGRES_SELECTION } from '../../src/inbox/postgres/selection.ts';
import { SETTLE } from '../../src/inbox/postgres/settle.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { ADD_TALLIES, PURGE_OLD_TALLIES } from '../../src/inbox/postgres/tallies.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

let database: Database;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  await prepareDatabase(database.url, 'the test’s');
  pool = createPool(database.url, { connections: 1, statementMs: 2_500 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function planOf({ name, text }: { readonly name: string; readonly text: string }): Promise<string> {
  const count = Math.max(...[...text.matchAll(/\$(\d+)/g)].map(([, place]) => Number(place)));
  const client = await pool.connect();
  try {
    await client.query('SET plan_cache_mode = force_generic_plan');
    await client.query(`PREPARE test_${name} AS ${text}`);
    const nulls = Array(count).fill('NULL');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS OFF) EXECUTE test_${name} (${nulls})`,
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    client.release();
  }
}

const accesses = (plan: string) =>
  [...plan.matchAll(/(?:(\w+) Scan using (\w+) on|(Tid|Seq|Bitmap Heap) Scan on) (\w+)/g)].map(
    ([, , index, kind, table]) => `${table} by ${index ?? kind}`,
  );

test('what is due is found in order, and claimed row by row', async () => {
  const plan = await planOf(CLAIM);
  expect(new Set(accesses(plan))).toEqual(
    new Set(['work by work_due', 'work by Tid', 'inbox_rest by inbox_rest_pkey']),
  );
  expect(plan).not.toContain('Join Filter');
});

test('a settlement finds its row by its key', async () => {
  const plan = await planOf(SETTLE);
  expect(new Set(accesses(plan))).toEqual(new Set(['work by work_pkey', 'work by Tid']));
  expect(plan).not.toContain('Join Filter');
});

test('what is kept is matched with the batch by hash, not each with each', async () => {
  const plan = await planOf(KEEP);
  expect(accesses(plan)).toEqual([]);
  expect(plan).not.toMatch(/Nested Loop|Join/);
  expect(plan.match(/hashed SubPlan/g)).toHaveLength(2);
});

test('the names of events are found by their numbers', async () => {
  const plan = await planOf(NAMES);
  expect(new Set(accesses(plan))).toEqual(new Set(['inbox_rest by Bitmap Heap']));
  expect(plan).toContain('Bitmap Index Scan on inbox_rest_pkey');
});

test('a key that is known is found by its index', async () => {
  const plan = await planOf(KNOWN);
  expect(plan).toContain('keys_pkey');
  expect(plan).not.toContain('Seq Scan');
});

test('a tally is found by its key, and what is old by the beginning of the key', async () => {
  expect(accesses(await planOf(PURGE_OLD_TALLIES))).toEqual(['tallies by tallies_pkey', 'tallies by Tid']);
  const added = await planOf(ADD_TALLIES);
  expect(added).toContain('Conflict Arbiter Indexes: tallies_pkey');
  expect(accesses(added)).toEqual([]);
});

test('what commands read of tallies is a stretch of the key', async () => {
  for (const name of ['tallies', 'hoursTaken'] as const) {
    const plan = await planOf({ name, text: COUNT_QUERIES[name] });
    expect(plan).toMatch(/tallies_pkey[\s\S]*Index Cond: \(\(?step = /);
    expect(plan).not.toContain('Seq Scan');
  }
});

test('what waits longest for its time is one look into the index of what is due', async () => {
  const text = COUNT_QUERIES.oldestDue(POSTGRES_SELECTION.waitsForItsTime);
  expect(accesses(await planOf({ name: 'oldest_due', text }))).toEqual(['work by work_due']);
});

test('how often an event has come again is found, added to and purged by its number', async () => {
  for (const [name, text] of Object.entries({
    duplicates: COUNT_QUERIES.duplicates,
    gone: PURGE_DUPLICATES,
  })) {
    const plan = await planOf({ name, text });
    expect(plan).toContain('duplicates_pkey');
    expect(plan).not.toContain('Seq Scan');
  }
  expect(await planOf({ name: 'add_duplicate', text: ADD_DUPLICATE })).toContain(
    'Conflict Arbiter Indexes: duplicates_pkey',
  );
});

test.each([
  [REPLAY_OPEN, ['work by work_pkey']],
  [DISCARD_SELECTED, ['work by work_pkey']],
  [REPLAY_ENDED, ['inbox_rest by inbox_rest_pkey']],
])('a step of an action finds its rows by their keys: $name', async (statement, found) => {
  const plan = await planOf(statement);
  expect(accesses(plan)).toEqual(found);
  expect(plan).not.toContain('Join Filter');
});
