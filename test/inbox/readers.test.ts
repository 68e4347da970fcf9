/** Both kinds of inbox, looked into from outside: with the same content they tell the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { driverOf } from '../../src/inbox/driver.ts';
import { idOf } from '../../src/inbox/event-id.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import type { Filter } from '../../src/inbox/summary.ts';
import { fillDatabase, fillFile, insertRow } from '../fixtures/filled/fill.ts';
import { BEGIN, CONTENT, eventRow, keyOf, numberAt } from '../fixtures/filled/rows.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
let database: Database;
let readers: { file: InboxReader; postgres: InboxReader };

const placed = (url: string) => ({ kind: 'postgres' as const, url, place: 'the test’s' });

beforeAll(async () => {
  database = await freshDatabase();
  fillFile(path, CONTENT);
  await fillDatabase(database, CONTENT);
  readers = {
    file: (await driverOf({ kind: 'sqlite', path }).openReader()) as InboxReader,
    postgres: (await driverOf(placed(database.url)).openReader()) as InboxReader,
  };
});
afterAll(async () => {
  await readers.file.close();
  await readers.postgres.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** What both say; fails if they differ. */
async function both<T>(ask: (reader: InboxReader) => Promise<T>): Promise<T> {
  const [file, postgres] = [await ask(readers.file), await ask(readers.postgres)];
  expect(postgres).toEqual(file);
  return postgres;
}

const secondsOf = (events: readonly { readonly receivedAt: string }[]) =>
  events.map(({ receivedAt }) => (Date.parse(receivedAt) - BEGIN) / 1_000);

test.each<[Partial<Filter>, number[]]>([
  [{}, [8, 7, 6, 5, 4, 3, 2, 1]],
  [{ limit: 3 }, [8, 7, 6]],
  [{ limit: 3, oldestFirst: true }, [1, 2, 3]],
  [{ source: 'pair' }, [7, 3]],
  [{ type: 'told', source: 'jobs' }, [6, 5, 1]],
  [{ state: 'pending' }, [7, 5]],
  [{ state: 'handling' }, [6]],
  [{ state: 'dead' }, [4]],
  [{ state: 'held' }, [3]],
  [{ state: 'done' }, [8, 1]],
  [{ state: 'discarded' }, [8, 2]],
  [{ state: 'done', source: 'jobs', type: 'told', after: numberAt(0) }, [1]],
  [{ after: numberAt(5) }, [8, 7, 6]],
  [{ after: numberAt(5), except: [numberAt(7), numberAt(1)], oldestFirst: true }, [6, 8]],
  [{ source: "pair' OR true --" }, []],
])('a list is narrowed down: %o', async (filter, seconds) => {
  const events = await both((reader) => reader.list({ limit: 100, ...filter }));
  expect(secondsOf(events)).toEqual(seconds);
});

test('an event is told of with all its handlers and attempts, and its exact bytes', async () => {
  for (const { number, body } of CONTENT.inbox) {
    const event = await both((reader) => reader.show(number));
    expect(event).toMatchObject({ number, body });
  }
  const at = (second: number) => both((reader) => reader.show(numberAt(second)));
  const [done, held, waiting, half] = [await at(1), await at(3), await at(5), await at(7)];
  expect(done).toMatchObject({
    handlers: [{ handler: 'jobs/work', state: 'done', attempts: 2, due: null }],
    attempts: [{ outcome: 'retry' }, { outcome: 'done', status: '200', output: 'one\ntwo' }],
  });
  expect(held).toMatchObject({ handlers: [{ handler: 'pair/one' }, { handler: 'pair/two' }] });
  expect(waiting).toMatchObject({
    bytes: 100_000,
    handlers: [{ state: 'pending', due: new Date(BEGIN + 3_600_000).toISOString() }],
  });
  expect(half).toMatchObject({
    handlers: [
      { handler: 'pair/one', state: 'pending', due: null },
      { handler: 'pair/two', state: 'done' },
    ],
  });
  expect(await both((reader) => reader.show(4711))).toBeUndefined();
});

test('evidence, proofs, numbers and uses are the same', async () => {
  for (const { number } of CONTENT.inbox) {
    expect(await both((reader) => reader.evidence(number))).toMatchObject({ number, address: '192.0.2.7' });
  }
  expect(await both((reader) => reader.evidence(4711))).toBeUndefined();
  const proofs = await both((reader) => reader.proofs([numberAt(2), numberAt(5), 4711, numberAt(6)]));
  expect(proofs.map(({ number, proofs }) => [number, proofs.length])).toEqual([
    [numberAt(6), 1],
    [numberAt(5), 0],
    [numberAt(2), 1],
  ]);
  expect(await both((reader) => reader.proofs([]))).toEqual([]);
  expect(await both((reader) => reader.numbers(numberAt(6), 10))).toEqual([numberAt(7), numberAt(8)]);
  expect(await both((reader) => reader.numbers(0, 2))).toEqual([numberAt(1), numberAt(2)]);
  expect(await both((reader) => reader.newest())).toBe(numberAt(8));
  expect(await both((reader) => reader.failures({}))).toMatchObject({
    groups: [
      {
        handler: 'jobs/work',
        dead: 1,
        retrying: 1,
        seen: 2 ** 40,
        newest: [idOf(numberAt(5)), idOf(numberAt(4))],
      },
    ],
    more: 0,
  });
  const uses = await both((reader) => reader.secretUses());
  expect(uses.map(({ source, scheme, count }) => [source, scheme, count])).toEqual([
    ['jobs', 'hmac', 2 ** 40],
    ['jobs', 'token', 1],
    ['pair', 'hmac', 3],
  ]);
  expect(await readers.postgres.id()).toMatch(/^[0-9a-f-]{36}$/);
});

test('where there is nothing yet, there is no reader, and nothing is made', async () => {
  const empty = await freshDatabase();
  expect(await driverOf(placed(empty.url)).openReader()).toBeUndefined();
  const tables = await empty.query("SELECT * FROM pg_tables WHERE schemaname = 'public'");
  expect(tables).toEqual([]);
  await empty.drop();
  expect(await driverOf({ kind: 'sqlite', path: `${path}-none` }).openReader()).toBeUndefined();
});

test('of an event past its retention PostgreSQL knows that it was there', async () => {
  const gone = eventRow(0);
  await insertRow(database, 'keys', { ...keyOf(gone) });
  expect(await readers.postgres.show(gone.number)).toEqual({
    number: gone.number,
    id: expect.stringMatching(/^evt_[0-9a-f]{14}$/),
    receivedAt: new Date(BEGIN).toISOString(),
    purged: true,
  });
  expect(await readers.postgres.evidence(gone.number)).toBeUndefined();
  expect(await readers.postgres.numbers(0, 1)).toEqual([numberAt(1)]);
});

test('a database that fails is told of by its place, without its password', async () => {
  const { password, href } = Object.assign(new URL(database.url), { port: '1' });
  const wrong = Object.assign(new URL(database.url), { pathname: '/not-there' }).href;
  for (const url of [href, wrong]) {
    const failure = await driverOf(placed(url))
      .openReader()
      .catch((error: Error) => error);
    expect(failure).toMatchObject({
      name: 'Error',
      message: expect.stringContaining('PostgreSQL at the test’s'),
    });
    expect((failure as Error).message).not.toContain(password);
    expect((failure as Error).message).not.toMatch(/undefined|: $/);
  }
});

test('both say when and from where each source spoke, newest hours first', async () => {
  const { signal } = new AbortController();
  const ask = (driver: ReturnType<typeof driverOf>) =>
    driver
      .readPast(BEGIN - 1, BEGIN + 3_600_000, signal)
      .then((past) => past.map(({ source, address }) => `${source} ${address}`).sort());
  const file = await ask(driverOf({ kind: 'sqlite', path }));
  expect(file).toEqual(await ask(driverOf(placed(database.url))));
  expect(new Set(file).size).toBe(file.length);
  expect(file.join()).toMatch(/jobs \d+\.\d+\.\d+\.\d+/);
});
