/**
 * How what is selected is found, in both databases, planned while the tables are empty: a plan that reads the inbox whole would
 * show with the first million events only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY_QUERIES } from '../../src/inbox/fresh-keys.ts';
import { type Connection, connect } from '../../src/inbox/postgres/connection.ts';
import { READER_SESSION } from '../../src/inbox/postgres/reader.ts';
import { POSTGRES_SELECTION } from '../../src/inbox/postgres/selection.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import type { Selection } from '../../src/inbox/selection.ts';
import type { SelectionTables } from '../../src/inbox/selection-sql.ts';
import { boundaryOf, deliveriesIn, eventsIn, type SqlText } from '../../src/inbox/selection-steps.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { SQLITE_SELECTION } from '../../src/inbox/sqlite/selection.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

const RANGE = { after: 5, upTo: 1_000 };
const CASES: Readonly<Record<string, Selection>> = {
  everything: {},
  'a type of a source': { source: 'shippo', type: 'track_*' },
  dead: { state: 'dead' },
  'dead of a handler': { state: 'dead', handler: 'shippo/erp' },
  held: { heldOnly: true },
  pending: { state: 'pending', handler: 'shippo/erp' },
  done: { state: 'done', handler: 'shippo/erp' },
  'a handler': { handler: 'shippo/erp' },
  'a key': { key: '1Z1' },
  'their id': { externalId: '7' },
  named: { numbers: [7, 8] },
  'text of a source': { search: 'x', source: 'shippo', where: [{ path: ['a'], value: 'b' }] },
};

/** The statements that go through a selection: how far a step comes, and what is in it. */
function statementsOf(selection: Selection, tables: SelectionTables): Readonly<Record<string, SqlText>> {
  const context = { tables, sources: ['shippo', 'flexport'] };
  return {
    boundary: boundaryOf(selection, context, RANGE, 100, 'DESC'),
    events: eventsIn(selection, context, RANGE, 20, 'DESC'),
    deliveries: deliveriesIn(selection, context, RANGE),
  };
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const database = openInboxFile(join(folder, 'inbox.db'));
  afterAll(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const planOf = ({ sql, values }: SqlText) => {
    const parameters = Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]));
    const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters);
    return rows.map(({ detail }) => String(detail)).join('\n');
  };

  test.each(Object.entries(CASES))('%s', (_name, selection) => {
    for (const [what, statement] of Object.entries(statementsOf(selection, SQLITE_SELECTION))) {
      const plan = planOf(statement);
      expect(plan, what).not.toMatch(
        /SCAN (inbox|work|attempts|ended|last|later|search_keys)\b(?! USING COVERING INDEX work_(dead|held))/,
      );
      expect(plan, what).not.toContain('AUTOMATIC');
      // What has one id of the provider is sorted: it is one event, or a few.
      if (what === 'boundary' && selection.externalId === undefined)
        expect(plan).not.toContain('TEMP B-TREE');
    }
  });

  test.each([
    ['dead', /work USING (COVERING )?INDEX work_dead \(event>\? AND event<\?\)/],
    ['held', /work USING (COVERING )?INDEX work_held \(event>\? AND event<\?\)/],
    ['dead of a handler', /work USING (COVERING )?INDEX work_dead/],
    ['a key', /search_keys USING PRIMARY KEY \(day=\? AND key=\?\)/],
    ['their id', /known USING (COVERING )?INDEX inbox_identity \(identity=\?\)/],
    ['everything', /inbox USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/],
  ])('%s by its index', (name, index) => {
    expect(planOf(statementsOf(CASES[name] as Selection, SQLITE_SELECTION).boundary as SqlText)).toMatch(
      index,
    );
  });

  test('the newest of a key by a day of the index', () => {
    const plan = planOf({ sql: KEY_QUERIES.newest, values: [7, 7, 7] });
    expect(plan).toMatch(/^SEARCH search_keys USING PRIMARY KEY \(day=\? AND key=\?\)$/);
  });
});

describe('PostgreSQL', () => {
  let database: Database;
  let client: Connection;
  beforeAll(async () => {
    database = await freshDatabase();
    await prepareDatabase(database.url, 'the test’s');
    client = await connect(database.url);
    await client.query(READER_SESSION);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const planOf = async ({ sql, values }: SqlText) => {
    const literals = values.map((value) => (typeof value === 'number' ? String(value) : `'${value}'`));
    const text = sql.replace(/\$(\d+)/g, (_, place) => literals[Number(place) - 1] as string);
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${text}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };

  test.each(Object.entries(CASES))('%s', async (_name, selection) => {
    for (const [what, statement] of Object.entries(statementsOf(selection, POSTGRES_SELECTION))) {
      const plan = await planOf(statement);
      expect(plan, what).not.toMatch(/Seq Scan|Hash Join/);
      // Every table is read at its rows, or in a range of numbers.
      const conditions = plan.match(/Index Cond: .*/g) ?? [];
      expect(plan.match(/Scan .*using (inbox|work|attempts)\S* on/g)?.length).toBeLessThanOrEqual(
        conditions.length,
      );
    }
  });

  test.each([
    ['dead', /using work_dead on work\n +Index Cond: \(\(event > 5\) AND \(event <= 1000\)\)/],
    ['held', /using work_held on work\n +Index Cond: \(\(event > 5\) AND \(event <= 1000\)\)/],
    ['dead of a handler', /using work_dead on work\n +Index Cond: .*handler = /],
    ['a key', /search_keys\S* on search_keys\S* ?\S*\n +Index Cond: \(\(day = ANY \(.*\)\) AND \(key = /],
    ['a key', /using inbox_rest_pkey on inbox_rest inbox\n +Index Cond: \(\(number = ANY \(/],
    ['their id', /on keys_pkey\n +Index Cond: \(identity = ANY \(/],
    ['their id', /using inbox_rest_pkey on inbox_rest inbox\n +Index Cond: \(\(number = ANY \(/],
    ['named', /using inbox_rest_pkey on inbox_rest inbox\n +Index Cond: \(\(number = ANY \(/],
  ])('%s by its index', async (name, index) => {
    for (const statement of Object.values(statementsOf(CASES[name] as Selection, POSTGRES_SELECTION)))
      expect(await planOf(statement)).toMatch(index);
  });

  test('the newest of a key by a day of the index', async () => {
    const plan = await planOf({ sql: KEY_QUERIES.newest, values: [7, 7, 7] });
    expect(plan).toMatch(
      /^Limit\n.*Index Only Scan.*search_keys.*\n +Index Cond: \(\(day = 7\) AND \(key = /,
    );
  });
});
