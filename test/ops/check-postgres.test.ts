/** What `consignee check` says of a PostgreSQL inbox. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOOD, useCheck } from '../fixtures/check/checking.ts';
import { fillDatabase } from '../fixtures/filled/fill.ts';
import { CONTENT, eventRow, keyOf } from '../fixtures/filled/rows.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { SECRET } from '../harness/project.ts';

const { folder, check, consignee } = useCheck();
let database: Database;
let place: string;
beforeEach(async () => {
  database = await freshDatabase();
  const { host, pathname } = new URL(database.url);
  place = `${host}${pathname}`;
});
afterEach(() => database.drop());

const settings = () => ({ ...GOOD, DATABASE_URL: database.url });
const one = (verdict: string, says: string) => [{ verdict, says: expect.stringContaining(says) }];

test('a database without an inbox passes, and so does one with', async () => {
  const before = await check(settings());
  expect([before.code, before.failures]).toEqual([0, []]);
  expect(before.of('inbox')).toMatchObject(one('pass', `${place}, PostgreSQL `));
  expect(before.of('inbox')).toMatchObject(one('pass', 'will be made at the first start'));
  expect(before.of('disk')).toMatchObject(one('pass', 'MiB free for refused requests'));
  expect(existsSync(join(folder, 'data'))).toBe(false);

  const events = [1, 2, 3, 4, 5, 6].map((at) => eventRow(at, { source: 'shippo', address: '10.0.0.9' }));
  await fillDatabase(database, { ...CONTENT, inbox: events, keys: events.map(keyOf) });
  const after = await check({ ...settings(), DATA_DIR: '.' });
  expect(after.of('inbox')).toMatchObject(one('pass', ': sound'));
  expect(after.of('durability')).toMatchObject(one('pass', 'fsync'));
  expect(after.of('database TLS')).toMatchObject(one('pass', 'on this machine'));
  expect(after.of('disk')).toMatchObject(one('pass', 'MiB free for refused requests'));
  expect(after.of('refused')).toMatchObject(one('not known', 'each replica keeps its own'));
  // Evidence of real traffic is read there as well.
  expect(after.of('TRUST_PROXY')).toMatchObject(one('warn', '10.0.0.9'));
});

test('a database of another program, and one that does not answer, fail by their place', async () => {
  await database.query('CREATE TABLE keys (door text)');
  const foreign = await check(settings());
  expect([foreign.code, foreign.failures]).toEqual([1, ['DATABASE_URL']]);
  expect(foreign.of('DATABASE_URL')).toMatchObject(one('fail', place));
  const DATABASE_URL = `postgres://consignee:${SECRET}@127.0.0.1:1/inbox`;
  const { code, output } = await consignee(['check'], { ...GOOD, DATABASE_URL });
  expect([code, output]).toEqual([
    1,
    expect.stringMatching(/^fail {7}DATABASE_URL .*127\.0\.0\.1:1\/inbox/m),
  ]);
  expect(output).not.toContain(SECRET);
});

test('a URL that cannot be read is told of once, and nobody is asked', async () => {
  const { code, failures, of } = await check({ ...GOOD, DATABASE_URL: `postgres://me:${SECRET}@db` });
  expect([code, failures]).toEqual([1, ['DATABASE_URL']]);
  expect(of('inbox')).toEqual([]);
});
