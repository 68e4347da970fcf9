/** Refused requests are gone after their days, whether or not anything comes; and what is deleted leaves the file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RefusedClient } from '../../../src/inbox/refused/client.ts';
import { forgetAside, openRefused } from '../../../src/inbox/refused/file.ts';
import { RefusedStore } from '../../../src/inbox/refused/store.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const LIMITS = { bytesMax: 64 * 1_048_576, bytesMaxOfAll: 1_024 * 1_048_576, days: 7 };
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const CANARY = 'canary-of-a-bearer-token';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  path = join(folder, 'refused.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = (id: string) => ({
  id,
  source: 'one',
  receivedAt: NOW,
  code: 'jwt_mismatch',
  reason: '',
  address: '203.0.113.1',
  headers: '{}',
  credentials: JSON.stringify(['Authorization', `Bearer ${CANARY}`]),
  enforced: 'jwt',
  // Its pages beyond the first are freed, not written again.
  body: Buffer.from(CANARY.repeat(1_000)),
});

const open = () => new RefusedStore(openRefused(path).database, LIMITS);
const idsIn = (store: RefusedStore) => store.next('one', 0, 100).map(({ id }) => id);
const remains = () => readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(CANARY));

test('they go by time alone, and those that are younger stay', () => {
  const store = open();
  store.keep([refused('old')], NOW);
  store.keep([refused('young')], NOW + DAY_MS);
  store.purge(NOW + 7 * DAY_MS - 1);
  expect(idsIn(store)).toEqual(['old', 'young']);
  store.purge(NOW + 7 * DAY_MS);
  expect(idsIn(store)).toEqual(['young']);
  store.close();
});

test('what was kept while the clock was a year ahead goes seven days after it is right', () => {
  const store = open();
  store.keep([refused('ahead')], NOW + 365 * DAY_MS);
  store.purge(NOW);
  expect(idsIn(store)).toEqual(['ahead']);
  store.purge(NOW + 7 * DAY_MS);
  expect(idsIn(store)).toEqual([]);
  store.close();
});

test('at the start they go before anything can be judged again', async () => {
  const before = open();
  before.keep([refused('old')], NOW - 8 * DAY_MS);
  before.keep([refused('young')], NOW - DAY_MS);
  before.close();
  const client = new RefusedClient(path, LIMITS, QUIET);
  expect((await client.next('one', 0, 100)).map(({ id }) => id)).toEqual(['young']);
  await client.close();
});

test('what was deleted is in no file any more, neither after its days nor once it has passed', () => {
  const store = open();
  store.keep([refused('old')], NOW);
  store.wipeRemains();
  expect(remains()).toEqual(['refused.db']);
  store.keep([refused('young')], NOW + DAY_MS);
  store.purge(NOW + 7 * DAY_MS);
  const [{ number } = { number: 0 }] = store.next('one', 0, 1) as { number: number }[];
  store.remove(number);
  store.wipeRemains();
  expect(remains()).toEqual([]);
  store.close();
});

test('somebody who reads meanwhile only puts it off', () => {
  const store = open();
  store.keep([refused('one')], NOW);
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN; SELECT * FROM refused');
  store.purge(NOW + 7 * DAY_MS);
  store.wipeRemains();
  expect(remains()).not.toEqual([]);
  reader.close();
  store.wipeRemains();
  expect(remains()).toEqual([]);
  store.close();
});

test('who has proved himself and has been silent for a month is a stranger again', () => {
  const store = open();
  store.prove({ source: 'one', network: '192.0.2.7', at: NOW });
  store.prove({ source: 'one', network: '192.0.2.8', at: NOW });
  store.prove({ source: 'one', network: '192.0.2.8', at: NOW + DAY_MS });
  store.purge(NOW + 30 * DAY_MS);
  expect(store.proven()).toEqual([{ source: 'one', network: '192.0.2.8', at: NOW + DAY_MS }]);
  store.close();
});

test('a file that was put aside goes after the same days, with what belongs to it', () => {
  const asideAt = (time: number) => `refused.db-aside-${new Date(time).toISOString().replaceAll(':', '-')}`;
  const [old, young] = [asideAt(NOW - 8 * DAY_MS), asideAt(NOW - DAY_MS)];
  for (const name of [old, `${old}-wal`, young, 'other.db', 'refused.db-aside-by-hand'])
    writeFileSync(join(folder, name), '');
  forgetAside(path, NOW - 7 * DAY_MS);
  expect(readdirSync(folder).sort()).toEqual(['other.db', young, 'refused.db-aside-by-hand'].sort());
});
