/** Both kinds of inbox, looked into from outside: with the same content they tell the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCharted } from '../../src/inbox/charted.ts';
import { driverOf } from '../../src/inbox/driver.ts';
import { idOf, timeOfNumber } from '../../src/inbox/event-id.ts';
import { createPool } from '../../src/inbox/postgres/connection.ts';
import { addTallyRows } from '../../src/inbox/postgres/tallies.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import type { PageOptions } from '../../src/inbox/search.ts';
import type { Selection } from '../../src/inbox/selection.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { readStanding } from '../../src/inbox/standing.ts';
import type { StoredSource } from '../../src/inbox/stored-source.ts';
import { readStory } from '../../src/inbox/story.ts';
import { type MinuteTally, minuteOf, noTimes, rowsOfTallies } from '../../src/inbox/tallies.ts';
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

const SOURCES: ReadonlyMap<string, StoredSource> = new Map(
  ['jobs', 'pair', 'quiet'].map((name) => [name, { shape: { id: [['id']], type: [] }, routes: [] }]),
);
const ALL = { limit: 100 };

const page = (selection: Selection, options: PageOptions = ALL) =>
  both((reader) => reader.search(selection, SOURCES).page(options));

test.each<[Selection, number[]]>([
  [{}, [8, 7, 6, 5, 4, 3, 2, 1]],
  [{ numbers: [numberAt(2), numberAt(5), 4711] }, [5, 2]],
  [{ source: 'pair' }, [7, 3]],
  [{ source: "pair' OR true --" }, []],
  [{ type: 'told', source: 'jobs' }, [6, 5, 1]],
  [{ type: '*o*' }, [8, 7, 6, 5, 4, 1]],
  [{ type: 'a/*' }, [3]],
  [{ type: 't%' }, []],
  [{ type: '_old*' }, []],
  [{ type: '[t]old*' }, []],
  [{ type: '?old*' }, []],
  [{ type: 'TOLD*' }, []],
  [{ state: 'pending' }, [7, 5]],
  [{ state: 'handling' }, [6]],
  [{ state: 'dead' }, [4]],
  [{ state: 'held' }, [3]],
  [{ heldOnly: true, handler: 'pair/one' }, [3]],
  // Of the last end of each handler: 7 is done by one, and waits for the other; 8 was discarded after it was done.
  [{ state: 'done' }, [7, 1]],
  [{ state: 'discarded' }, [8, 2]],
  [{ state: 'done', handler: 'pair/two' }, [7]],
  [{ state: 'done', handler: 'pair/one' }, []],
  [{ state: 'pending', handler: 'pair/one' }, [7]],
  [{ state: 'dead', handler: 'pair/one' }, []],
  [{ handler: 'pair/one' }, [7, 3]],
  [{ handler: 'quiet/work' }, [8]],
  [{ handler: 'nope/nope' }, []],
  [{ state: 'pending', source: 'jobs' }, [5]],
  [{ since: BEGIN + 6_000 }, [8, 7, 6]],
  [{ since: BEGIN + 2_000, until: BEGIN + 4_000 }, [3, 2]],
  [{ since: BEGIN + 2_000, until: BEGIN + 6_000, state: 'dead' }, [4]],
  [{ externalId: 'event-4' }, [4]],
  [{ externalId: 'event-4', source: 'quiet' }, []],
  [{ externalId: 'event-3' }, [3]],
  [{ externalId: 'event-4', state: 'done' }, []],
  [{ where: [{ path: ['id'], value: 'event-6' }] }, [6]],
  [{ where: [{ path: ['steps', '0'], value: 'ok' }], source: 'pair' }, [7]],
  [
    {
      where: [
        { path: ['id'], value: 'event-6' },
        { path: ['type'], value: 'other' },
      ],
    },
    [],
  ],
  [{ where: [{ path: ['odd', 'number'], value: '12345678901234567891' }] }, [2]],
  [{ where: [{ path: ['odd', 'flag'], value: 'true' }] }, [2]],
  [{ where: [{ path: ['odd', 'none'], value: '' }] }, [2]],
  [{ where: [{ path: ['odd', 'twice'], value: 'last' }] }, [2]],
  [{ where: [{ path: ['odd', 'twice'], value: 'first' }] }, []],
  [{ where: [{ path: ['odd', "quo'te"], value: "it's" }] }, [2]],
  [{ search: '"event-7"' }, [7]],
  [{ search: "\n'\\" }, [3]],
  [{ search: 'ä€' }, [2]],
  [{ search: 'EVENT' }, []],
])('what is selected is found alike: %j', async (selection, seconds) => {
  const { events, ...of } = await page(selection);
  expect(secondsOf(events)).toEqual(seconds);
  expect(of).toMatchObject({ total: { count: seconds.length, isWhole: true }, next: null, endedBy: 'end' });
});

test('pages follow each other without a gap, and say how many there are', async () => {
  const seen: number[] = [];
  let next: number | null | undefined;
  do {
    const found = await page({ type: 'told' }, { limit: 2, ...(next && { before: next }) });
    expect(found.total).toEqual({ count: 5, isWhole: true });
    seen.push(...secondsOf(found.events));
    ({ next } = found);
  } while (next !== null);
  expect(seen).toEqual([8, 7, 6, 5, 1]);
});

test('a walk ends at its bound, says how far it came, and goes on from there', async () => {
  const bound = { looks: 3, ms: 60_000 };
  const rare: Selection = { search: '"event-1"' };
  const heard: number[] = [];
  const first = await page(rare, { limit: 5, bound, onProgress: (looked) => heard.push(looked) });
  expect(first).toMatchObject({ events: [], endedBy: 'bound', looked: 3, next: numberAt(6) });
  expect(heard).toEqual([3, 3]);
  const second = await page(rare, { limit: 5, bound, before: numberAt(6) });
  expect(second).toMatchObject({ endedBy: 'bound', looked: 3, next: numberAt(3) });
  const third = await page(rare, { limit: 5, bound, before: numberAt(3) });
  expect(secondsOf(third.events)).toEqual([1]);
  expect(third).toMatchObject({ endedBy: 'end', looked: 2, next: null });
});

test('what waits for a person is found without looking at anything else', async () => {
  const bound = { looks: 1, ms: 60_000 };
  expect(await page({ state: 'dead' }, { limit: 5, bound })).toMatchObject({
    events: [{ handlers: [{ state: 'dead', error: 'Error: no more' }] }],
    looked: 1,
  });
  expect(await page({ externalId: 'event-1' }, { limit: 5, bound })).toMatchObject({ looked: 1 });
});

test.each<[Selection, string[]]>([
  [{ state: 'dead' }, ['4 jobs/work dead']],
  [{ state: 'pending' }, ['5 jobs/work pending', '7 pair/one pending']],
  [{ heldOnly: true }, ['3 pair/one held', '3 pair/two held']],
  [{ state: 'done' }, ['1 jobs/work done', '7 pair/two done']],
  [{ state: 'discarded', source: 'quiet' }, ['8 quiet/work discarded']],
  [{ handler: 'pair/one' }, ['3 pair/one held', '7 pair/one pending']],
  [
    { handler: 'jobs/work', since: BEGIN + 2_000, until: BEGIN + 5_000 },
    ['2 jobs/work discarded', '4 jobs/work dead'],
  ],
  [{ source: 'pair' }, ['3 null null', '7 null null']],
  [{ numbers: [numberAt(4), numberAt(7)], state: 'pending' }, ['7 pair/one pending']],
])('the deliveries of %j are gone through in steps', async (selection, expected) => {
  const upTo = numberAt(8);
  const found: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const step = await both((reader) =>
      reader.search(selection, SOURCES).deliveries({ after: after ?? 0, upTo }, 2),
    );
    const lines = step.deliveries.map(({ event, handler, state }) => {
      return `${(timeOfNumber(event) - BEGIN) / 1_000} ${handler} ${state}`;
    });
    found.push(...lines);
    after = step.last;
  }
  expect(found).toEqual(expected);
});

test('what comes after a number is told oldest first', async () => {
  const after = (selection: Selection) =>
    both((reader) => reader.search(selection, SOURCES).after(numberAt(2), 3));
  expect(secondsOf(await after({}))).toEqual([3, 4, 5]);
  expect(secondsOf(await after({ source: 'pair' }))).toEqual([3, 7]);
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

test('both say how things stand: today against a usual day, the last hour, and who was heard when', async () => {
  const now = Date.UTC(2026, 2, 4, 12, 30);
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
  const counted = (source: string, outcome: string, at: number, count: number): MinuteTally => ({
    ...({ kind: 'request', subject: source, outcome } as const),
    ...{ minute: minuteOf(at), count, times: noTimes() },
  });
  const tallies = [
    // Ten an hour for two weeks, and five an hour today.
    ...Array.from({ length: 14 * 24 }, (_, nth) => {
      const at = now - 14 * day + nth * hour;
      return counted('jobs', 'accepted', at, at < now - (now % day) ? 10 : 5);
    }),
    counted('jobs', 'duplicate', now - 5 * minute, 2),
    counted('jobs', 'hmac_mismatch', now - 5 * minute, 3),
    counted('jobs', 'hmac_mismatch', now - 70 * minute, 4),
    counted('fresh', 'accepted', now - 2 * hour, 1),
    counted('noise', 'hmac_missing', now - minute, 9),
  ];
  const file = openInboxFile(path);
  new Store(file, new Map()).noteCounts({ uses: [], tallies }, now);
  file.close();
  const pool = createPool(database.url, { connections: 1, statementMs: 5_000 });
  await addTallyRows(pool, rowsOfTallies(tallies));
  await pool.end();
  const standings = await Promise.all(Object.values(readers).map((reader) => readStanding(reader, now)));
  const [ofFile, ofPostgres] = standings.map(({ sources }) => sources);
  expect(ofPostgres).toEqual(ofFile);
  expect(standings.map(({ replicas }) => replicas)).toEqual([undefined, 0]);
  const of = (name: string) => ofFile?.find(({ source }) => source === name);
  expect(of('jobs')).toEqual({
    source: 'jobs',
    // From midnight to noon twelve times five, and the duplicates.
    today: 12 * 5 + 2,
    usual: { count: 125, least: 125, most: 125 },
    lastAt: now - 5 * minute,
    lastHour: { taken: 2, usual: { count: 10, least: 10, most: 10 }, refused: { hmac_mismatch: 3 } },
  });
  expect(of('fresh')).toMatchObject({ today: 1, usual: undefined, lastAt: now - 2.5 * hour });
  expect(of('noise')).toMatchObject({
    today: 0,
    lastAt: undefined,
    lastHour: { refused: { hmac_missing: 9 } },
  });
  // Known by the uses of its secret only.
  expect(of('pair')).toMatchObject({ today: 0, lastAt: BEGIN });
});

test('both draw the same charts of what was counted', async () => {
  const now = Date.UTC(2026, 2, 4, 12, 30);
  const wish = { step: 60, minutes: 120, stretches: 12, now } as const;
  const charted = await both((reader) => readCharted(reader, wish));
  expect(charted.times.at(-1)).toBe('2026-03-04T12:00:00.000Z');
  expect(charted.events.jobs).toEqual([...Array(5).fill(20), ...Array(6).fill(10), 0]);
  expect(charted.requests.hmac_mismatch).toEqual([...Array(10).fill(0), 4, 3]);
  expect(charted.backlog).toEqual(Array(12).fill(null));
  const ofOne = await both((reader) => readCharted(reader, { ...wish, source: 'fresh' }));
  expect(Object.keys(ofOne.events)).toEqual(['fresh']);
});

test('both tell the same story of an event, and of none', async () => {
  const story = (nth: number) => both((reader) => readStory(reader, SOURCES, numberAt(nth), new Map()));
  expect(await story(4)).toMatchObject({
    event: { id: idOf(numberAt(4)), source: 'jobs' },
    bodyStart: expect.any(Buffer),
    duplicates: undefined,
    related: [],
  });
  expect(await story(4_711)).toBeUndefined();
});

test('both count what waits, without a service', async () => {
  const work = await both((reader) => reader.counts.work());
  expect(work.backlog).toContainEqual({ handler: 'jobs/work', state: 'dead', count: 1 });
  expect(work.backlog).toContainEqual({ handler: 'pair/one', state: 'pending', count: 1 });
  expect(work.oldestPendingAt).toBe(BEGIN + 5_000);
});
