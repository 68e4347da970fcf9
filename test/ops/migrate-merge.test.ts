/** Moving into a database that has events of its own: what came to both is there once, and ids stay what they are. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openInbox } from '../../src/inbox/client.ts';
import type { Inbox } from '../../src/inbox/contract.ts';
import { moveInbox } from '../../src/inbox/move.ts';
import { examineDatabase } from '../../src/inbox/postgres/schema.ts';
import { openSource } from '../../src/inbox/sqlite/export.ts';
import { readKnobs } from '../../src/serve/config/knobs.ts';
import { rowsOf, rowsOfFile } from '../fixtures/moving/rows.ts';
import { startStepWire } from '../fixtures/moving/step-wire.ts';
import { arrival, numberOf, SOURCES } from '../inbox/driver.ts';
import { type Database, freshDatabase } from '../postgres.ts';

const knobs = readKnobs({}, []);

const NO_LOG = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
let database: Database;
let here: Record<string, string>;
let there: Record<string, string>;

function open(url?: string): Promise<Inbox> {
  return openInbox({
    database: url === undefined ? { kind: 'sqlite', path } : { kind: 'postgres', url, place: 'the test’s' },
    sources: SOURCES,
    knobs,
    dispatches: true,
    deadlineMs: 5_000,
    log: NO_LOG,
    onRestart() {},
    onOrphans() {},
  });
}

const news = (id: string, number: string, at: string) =>
  JSON.stringify({ id, type: 'news', carrier: 'c', number, at });
const BODIES = {
  here: {
    alone: ['two', '{"id":"alone","type":"x"}'],
    both: ['one', '{"id":"both","type":"x"}'],
    differs: ['one', '{"id":"differs","type":"x","version":1}'],
    older: ['parcels', news('p1', 'p', '2026-01-01T00:00:00Z')],
    newer: ['parcels', news('q2', 'q', '2026-01-02T00:00:00Z')],
  },
  there: {
    theirs: ['two', '{"id":"theirs","type":"x"}'],
    both: ['one', '{"id":"both","type":"x"}'],
    differs: ['one', '{"id":"differs","type":"x","version":2}'],
    newer: ['parcels', news('p2', 'p', '2026-01-02T00:00:00Z')],
    older: ['parcels', news('q1', 'q', '2026-01-01T00:00:00Z')],
  },
} as const;

async function fill(inbox: Inbox, bodies: Readonly<Record<string, readonly [string, string]>>) {
  const ids: Record<string, string> = {};
  for (const [name, [source, body]] of Object.entries(bodies)) {
    ids[name] = (await inbox.keep(arrival(source, body))).id;
  }
  const [source, scheme, secret, form] = ['one', 'hmac', 'f', ''];
  await inbox.noteUses([{ source, scheme, secret, form, count: 3, lastAt: Date.now() }]);
  await inbox.close();
  return ids;
}

beforeAll(async () => {
  here = await fill(await open(), BODIES.here);
  copyFileSync(path, `${path}-scene`);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
  copyFileSync(`${path}-scene`, path);
  database = await freshDatabase();
  there = await fill(await open(database.url), BODIES.there);
});
afterEach(() => database.drop());

async function move(url = database.url) {
  const source = openSource(path);
  try {
    return await moveInbox({ source, from: path, url, place: 'the test’s', leaseMs: 500, tell() {} });
  } finally {
    source.close();
  }
}

const statesOf = async () =>
  (await rowsOf(database)).work.map(({ event, handler, state }) => [Number(event), handler, state]);

async function expectMerged(): Promise<void> {
  const at = (ids: Record<string, string>, name: string) => numberOf(String(ids[name]));
  const expected = [
    [at(here, 'alone'), 'two/a', 'pending'],
    [at(here, 'alone'), 'two/b', 'pending'],
    [at(here, 'differs'), 'one/a', 'held'],
    [at(here, 'newer'), 'parcels/a', 'pending'],
    [at(there, 'theirs'), 'two/a', 'pending'],
    [at(there, 'theirs'), 'two/b', 'pending'],
    [at(there, 'both'), 'one/a', 'pending'],
    [at(there, 'differs'), 'one/a', 'pending'],
    [at(there, 'newer'), 'parcels/a', 'pending'],
  ];
  expect((await statesOf()).sort()).toEqual(expected.sort());
  const rows = await rowsOf(database);
  expect(rows.keys).toHaveLength(9);
  expect(rows.attempts.map(({ event, error }) => [event, error]).sort()).toEqual(
    [
      [at(here, 'older'), `overtaken: ${there.newer} has a newer state`],
      [at(there, 'older'), `overtaken: ${here.newer} has a newer state`],
    ].sort(),
  );
  expect(rows.inbox.find(({ number }) => number === at(here, 'differs'))?.held).toBe(
    `another body came under the same id before: ${there.differs}`,
  );
  expect(rows.secret_uses).toMatchObject([{ count: 6 }]);
}

test('duplicates stay as they are there, another body is held, older states are overtaken', async () => {
  expect(await move()).toMatchObject({ what: 'moved', events: 4, duplicates: 1, held: 1, purged: 0 });
  await expectMerged();
  const inbox = await open(database.url);
  const again = async (bodies: Readonly<Record<string, readonly [string, string]>>) => {
    const kept = Object.entries(bodies).map(async ([name, [source, body]]) => {
      const { outcome, id } = await inbox.keep(arrival(source, body));
      return [name, outcome, id];
    });
    return await Promise.all(kept);
  };
  const known = (ids: Record<string, string>) =>
    Object.entries(ids).map(([name, id]) => [name, 'duplicate', id]);
  expect(await again(BODIES.there)).toEqual(known(there));
  expect(await again(BODIES.here)).toEqual(known({ ...here, both: String(there.both) }));
  await inbox.close();
});

test('broken off somewhere and run again, it comes to the same', { timeout: 120_000 }, async () => {
  for (let at = 4; ; at += 7) {
    const wire = await startStepWire(
      database.url,
      at,
      at % 2 === 0 ? 'before it arrives' : 'before its answer does',
    );
    const broke = await move(wire.through(database.url)).then(
      () => false,
      () => true,
    );
    wire.stop();
    if (broke) await move();
    await expectMerged();
    if (!broke) return expect(at).toBeGreaterThan(30);
    await database.drop();
    copyFileSync(`${path}-scene`, path);
    database = await freshDatabase();
    there = await fill(await open(database.url), BODIES.there);
  }
});

test('a number that another event has there: nothing has happened', async () => {
  const number = numberOf(String(here.differs));
  await database.query("INSERT INTO keys VALUES ('\\x00', $1, '\\x00')", number);
  const before = await rowsOf(database);
  await expect(move()).rejects.toThrow(`${here.differs} is another event there`);
  expect(await rowsOf(database)).toEqual(before);
  expect((await examineDatabase(database.url, '')).problem).toBe(undefined);
  expect(rowsOfFile(path).work).toHaveLength(6);
});
