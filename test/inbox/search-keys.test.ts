/** Search keys: what they are, that they are written and taken away in small steps, and that both kinds of inbox find by them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Inbox } from '../../src/inbox/contract.ts';
import { driverOf } from '../../src/inbox/driver.ts';
import { timeOfNumber } from '../../src/inbox/event-id.ts';
import { createPool } from '../../src/inbox/postgres/connection.ts';
import { SharedKeyIndex } from '../../src/inbox/postgres/key-index.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import { declaredKeys, keyValuesOf, searchKeyOf, searchKeysOf } from '../../src/inbox/search-keys.ts';
import { KeyIndex } from '../../src/inbox/sqlite/key-index.ts';
import type { StoredSource } from '../../src/inbox/stored-source.ts';
import { makeSample, sampleNames } from '../../src/verify/presets/samples.ts';
import { flatfile, flexport, flintn, shippo } from '../../src/verify/presets.ts';
import { fillDatabase, fillFile } from '../fixtures/filled/fill.ts';
import { type Content, eventRow, keyOf, numberAt, workRow } from '../fixtures/filled/rows.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT } from '../harness/project.ts';
import { arrival, eventually, numberOf, openAt } from './driver.ts';

const DAY_MS = 86_400_000;
const KEYS = { tracking: [['data', 'tracking_number']], parts: [['data', 'parts', '*', 'no']] };
const SOURCES: ReadonlyMap<string, StoredSource> = new Map([
  ['jobs', { shape: { id: [['id']], type: [] }, routes: [], keys: KEYS }],
  ['quiet', { shape: { id: [['id']], type: [] }, routes: [] }],
]);

test('a key is found as people write it', () => {
  const known = searchKeyOf('1Z999AA10123456784');
  for (const written of ['1z999aa10123456784', '1Z 999 AA1 01 2345 6784', '1Z999-AA1-0123456784'])
    expect(searchKeyOf(written)).toBe(known);
  expect(searchKeyOf('1Z999AA10123456785')).not.toBe(known);
  expect(Number.isSafeInteger(known)).toBe(true);
});

test.each<[string, Record<string, string[]>]>([
  ['{"data":{"tracking_number":"1Z 9"}}', { tracking: ['1Z 9'] }],
  ['{"data":{"tracking_number":12345678901234567891}}', { tracking: ['12345678901234567891'] }],
  ['{"data":{"parts":[{"no":"a"},{"no":7},{"no":"a"},{"x":1},null]}}', { parts: ['a', '7'] }],
  ['{"data":{"tracking_number":" - "}}', {}],
  [`{"data":{"tracking_number":"${'9'.repeat(201)}"}}`, {}],
  ['{"data":"batch 7"}', {}],
  ['not json', {}],
])('of %s', (body, values) => {
  expect(Object.fromEntries(keyValuesOf(KEYS, Buffer.from(body)))).toEqual(values);
});

test('an event has a bounded number of keys, and one of an unknown source has none', () => {
  const parts = Array.from({ length: 500 }, (_, no) => ({ no }));
  const body = Buffer.from(JSON.stringify({ data: { parts } }));
  expect(searchKeysOf({ source: 'jobs', body }, SOURCES)).toHaveLength(64);
  expect(searchKeysOf({ source: 'quiet', body }, SOURCES)).toEqual([]);
  expect(searchKeysOf({ source: 'gone', body }, SOURCES)).toEqual([]);
  expect(searchKeysOf({ source: 'jobs', body: null }, SOURCES)).toEqual([]);
});

test.each([shippo, flexport, flintn, flatfile])('the keys of $name stand in the docs', ({ name, keys }) => {
  const page = readFileSync(join(ROOT, 'docs/finding.md'), 'utf8');
  const [, said = ''] = new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(page) ?? [];
  expect([...said.matchAll(/`(\w+)`/g)].map(([, key]) => key)).toEqual(Object.keys(keys));
});

test.each([shippo, flexport, flintn, flatfile])('of $name each sample has a key', (preset) => {
  const without = sampleNames(preset).filter(
    (name) => keyValuesOf(preset.keys, makeSample(preset, name)).size === 0,
  );
  // Its data is one sentence.
  expect(without).toEqual(preset === shippo ? ['batch-created'] : []);
});

const tracked = (at: number, number: string, more = {}) => {
  return eventRow(at, { body: Buffer.from(JSON.stringify({ data: { tracking_number: number } })), ...more });
};
const EVENTS = [
  tracked(1, '1Z 1'),
  tracked(2, '1Z2'),
  tracked(90_000, '1Z1'),
  tracked(90_001, '1Z1', { source: 'quiet' }),
  tracked(180_000, '1Z3'),
];
const CONTENT: Content = {
  inbox: EVENTS,
  keys: EVENTS.map(keyOf),
  work: [workRow(2, 'dead')],
  attempts: [],
  secret_uses: [],
};
const LATER = timeOfNumber(numberAt(180_060));

interface Kind {
  readonly reader: InboxReader;
  readonly index: { step(now: number): unknown; purge(before: number): unknown };
  progress(): Promise<number | undefined>;
  /** Forgets an event, as the purge does. */
  forget(number: number): Promise<void>;
  rows(): Promise<number>;
  close(): Promise<void>;
}

async function sqliteKind(): Promise<Kind> {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const path = join(folder, 'inbox.db');
  fillFile(path, CONTENT);
  const database = new DatabaseSync(path);
  const one = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0] as number | undefined;
  const reader = (await driverOf({ kind: 'sqlite', path }).openReader()) as InboxReader;
  return {
    reader,
    index: new KeyIndex(database, SOURCES, declaredKeys(SOURCES)),
    progress: async () => one('SELECT indexed_to FROM search_progress'),
    forget: async (number) =>
      void database.prepare('UPDATE inbox SET body = NULL WHERE number = ?').run(number),
    rows: async () => Number(one('SELECT count(*) FROM search_keys')),
    async close() {
      await reader.close();
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function postgresKind(): Promise<Kind> {
  const database: Database = await freshDatabase();
  await fillDatabase(database, CONTENT);
  const pool: pg.Pool = createPool(database.url, { connections: 1, statementMs: 10_000 });
  const place = { kind: 'postgres', url: database.url, place: 'the test’s' } as const;
  const reader = (await driverOf(place).openReader()) as InboxReader;
  return {
    reader,
    index: new SharedKeyIndex(pool, SOURCES),
    progress: async () =>
      (await database.query<{ to: number }>('SELECT indexed_to AS to FROM search_progress'))[0]?.to,
    forget: async (number) => void (await database.query('DELETE FROM inbox WHERE number = $1', number)),
    rows: async () => (await database.query('SELECT FROM search_keys')).length,
    async close() {
      await reader.close();
      await pool.end();
      await database.drop();
    },
  };
}

describe.each([
  ['SQLite', sqliteKind],
  ['PostgreSQL', postgresKind],
])('%s', (_name, make) => {
  let kind: Kind;
  beforeAll(async () => {
    kind = await make();
  });
  afterAll(() => kind.close());

  const find = async (key: string) => {
    const { events, indexedTo } = await kind.reader.search({ key }, SOURCES).page({ limit: 10 });
    const whole = events.filter(({ bytes }) => bytes !== null);
    return [whole.map(({ number }) => number), indexedTo] as const;
  };
  const indexAll = async (now: number) => {
    while ((await kind.index.step(now)) === 'more');
  };

  test('what is not indexed yet is found all the same', async () => {
    expect(await find('1z1')).toEqual([[numberAt(90_000), numberAt(1)], undefined]);
  });

  test('what is there by a time is indexed, once, and the rest waits', async () => {
    await indexAll(timeOfNumber(numberAt(90_060)));
    expect(await kind.progress()).toBe(numberAt(90_001));
    expect(await kind.rows()).toBe(3);
    expect(await find('1Z-1')).toEqual([[numberAt(90_000), numberAt(1)], undefined]);
    expect(await find('1Z3')).toEqual([[numberAt(180_000)], undefined]);
    await indexAll(LATER);
    await indexAll(LATER);
    expect(await kind.rows()).toBe(4);
    expect(await find('1Z3')).toEqual([[numberAt(180_000)], undefined]);
    expect(await find('1Z4')).toEqual([[], undefined]);
  });

  test('a mark in the future is not believed', async () => {
    await indexAll(LATER);
    await indexAll(timeOfNumber(numberAt(0)));
    expect(await kind.progress()).toBe(numberAt(180_000));
    expect(await kind.rows()).toBe(4);
  });

  test('keys go with their events, a whole day at a time, and those of events that stay do not', async () => {
    await indexAll(LATER);
    await kind.forget(numberAt(1));
    await kind.forget(numberAt(90_000));
    expect(await kind.index.purge(numberAt(90_000))).toBe(false);
    expect(await kind.rows()).toBe(3);
    expect(await find('1Z2')).toEqual([[numberAt(2)], undefined]);
    expect(await find('1Z1')).toEqual([[], undefined]);
  });
});

test.each(['SQLite', 'PostgreSQL'])(
  'the inbox thread of %s writes them, and purges them, by itself',
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    const database = name === 'SQLite' ? undefined : await freshDatabase();
    const place = database
      ? ({ kind: 'postgres', url: database.url, place: 'the test’s' } as const)
      : ({ kind: 'sqlite', path: join(folder, 'inbox.db') } as const);
    const inbox: Inbox = await openAt(place, SOURCES);
    const bodyOf = (id: number) => `{"id":"${id}","data":{"tracking_number":"1Z${id}"}}`;
    await inbox.keep(arrival('jobs', bodyOf(1), Date.now() - 40 * DAY_MS));
    const { id } = await inbox.keep(arrival('jobs', bodyOf(2), Date.now() - 60_000));
    const reader = (await driverOf(place).openReader()) as InboxReader;
    await eventually(async () => (await reader.indexedTo(SOURCES)) === numberOf(id), 30_000);
    const { events } = await reader.search({ key: '1z 2' }, SOURCES).page({ limit: 10 });
    expect(events).toMatchObject([{ externalId: '2' }]);
    while ((await inbox.purge(Date.now() - 30 * DAY_MS, Date.now() - 60 * DAY_MS)).more);
    const rows = database
      ? await database.query('SELECT event FROM search_keys')
      : new DatabaseSync(join(folder, 'inbox.db'), { readOnly: true })
          .prepare('SELECT event FROM search_keys')
          .all();
    expect(rows).toEqual([{ event: numberOf(id) }]);
    await reader.close();
    await inbox.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  },
);
