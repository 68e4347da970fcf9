/** What can be saved of an inbox whose file is damaged in every place in which a file can be. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineInbox, openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { rescueInbox } from '../../src/inbox/sqlite/rescue.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { arrival, CIRCUIT, fresh, SOURCES, settlement } from './driver.ts';

const PAGE = 8_192;
const EVENTS = 400;
const LARGE = 20_000;

let folder: string;
let sound: string;
let pages: number;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  sound = join(folder, 'sound.db');
  const database = openInboxFile(sound);
  const store = new Store(database, SOURCES);
  const commit = (bodies: string[], settled: Parameters<Store['commit']>[1] = [], slots = 0) => {
    const grant = new Map([['one/a', slots]]);
    const arrivals = bodies.map((body) => arrival('one', body));
    return store.commit(arrivals, settled, grant, Date.now(), CIRCUIT);
  };
  commit(Array.from({ length: EVENTS / 2 }, fresh));
  const done = commit([], [], 100).deliveries;
  const outcomes = done.map((one) => ({ ...settlement('done'), ...one }));
  // Some have bodies that fill pages of their own.
  const large = Array.from({ length: 20 }, () => fresh().replace('}', `,"more":"${'x'.repeat(LARGE)}"}`));
  commit([...Array.from({ length: EVENTS / 2 - 20 }, fresh), ...large], outcomes);
  database.exec(`INSERT INTO newest (handler, thing, at, event, recorded_at)
    SELECT 'one/a', identity, received_at, number, received_at + 1 FROM inbox ORDER BY number LIMIT 10`);
  const times = Array(12).fill(1);
  const tallies = Array.from({ length: 200 }, (_, minute) => ({
    ...({ kind: 'request', subject: 'one', outcome: 'accepted' } as const),
    ...{ minute, count: 12 + minute, times },
  }));
  store.noteCounts({ uses: [], tallies }, Date.now());
  database.exec(`INSERT INTO causes VALUES ('one/a', '0123456789abcdef', 'Error: as told', 1, 2, 3);
    UPDATE work SET cause = '0123456789abcdef' WHERE event IN (SELECT event FROM work ORDER BY event DESC LIMIT 30)`);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  pages = statSync(sound).size / PAGE;
});
afterAll(() => rmSync(folder, { recursive: true }));

function damaged(...patches: [at: number, bytes: Buffer][]): string {
  const path = join(folder, `damaged-${++count}.db`);
  copyFileSync(sound, path);
  const file = openSync(path, 'r+');
  for (const [at, bytes] of patches) writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
  return path;
}

function rowsOf(path: string) {
  const database = new DatabaseSync(path, { readOnly: true });
  const all = (sql: string) => database.prepare(sql).all();
  const rows = {
    events: new Map(all('SELECT * FROM inbox').map(({ held: _, ...row }) => [row.number, row])),
    work: all('SELECT * FROM work ORDER BY event'),
    attempts: all('SELECT * FROM attempts ORDER BY event'),
    newest: all('SELECT * FROM newest ORDER BY event'),
    tallies: all('SELECT * FROM tallies'),
    causes: all('SELECT * FROM causes ORDER BY cause'),
    inbox: all("SELECT value FROM meta WHERE key = 'inbox'"),
    held: all('SELECT number FROM inbox WHERE held IS NOT NULL').length,
  };
  database.close();
  return rows;
}

/** Rescues, and checks what must be so whatever was damaged. */
function rescued(path: string) {
  const to = `${path}-saved`;
  const report = rescueInbox(path, to, SOURCES);
  expect(examineInbox(to, true)).toBeUndefined();
  expect((statSync(to).mode & 0o777).toString(8)).toBe('600');
  const before = rowsOf(sound);
  const rows = rowsOf(to);
  for (const [number, row] of rows.events) expect(row).toEqual(before.events.get(number));
  expect(report.events).toBe(rows.events.size);
  expect(report.held).toBe(rows.held);
  for (const number of report.missing) expect(before.events.has(number)).toBe(true);
  // It is an inbox like any other.
  const database = openInboxFile(to);
  const store = new Store(database, SOURCES);
  const [kept] = store.commit([arrival('one', fresh())], [], new Map(), Date.now(), CIRCUIT).kept;
  expect(kept?.outcome).toBe('accepted');
  database.close();
  return { report, rows, before };
}

test('of a sound inbox everything is there, states and its own name too', () => {
  const { report, rows, before } = rescued(damaged());
  expect(report).toEqual({ events: EVENTS, missing: [], held: 0, unreadablePages: 0 });
  expect(rows).toEqual(before);
  expect(before.work).toHaveLength(EVENTS - 100);
  expect(before.attempts).toHaveLength(100);
  expect(before.newest).toHaveLength(10);
  expect(before.tallies).toHaveLength(204);
});

test.each([
  ['the header', 0, 100],
  ['the page of the schema', 0, PAGE],
  ['the page that leads to all events', PAGE, PAGE],
  ['64 bytes of that page', PAGE, 64],
])('%s is gone: every event is saved', (_, at, length) => {
  const { report } = rescued(damaged([at, Buffer.alloc(length, 0xa5)]));
  expect(report).toMatchObject({ events: EVENTS, missing: [] });
});

test('any page of the file is gone: what is lost is named, and all the rest is saved', () => {
  let lost = 0;
  for (let page = 0; page < pages; page += Math.floor(pages / 8)) {
    const { report } = rescued(damaged([page * PAGE, Buffer.alloc(PAGE)]));
    expect(report.events + report.missing.length).toBe(EVENTS);
    expect(report.missing.length).toBeLessThan(60);
    lost += report.missing.length;
  }
  expect(lost).toBeGreaterThan(0);
});

test('a body that is not what came any more is not passed off as what came', () => {
  const path = damaged();
  const database = new DatabaseSync(path);
  database.exec(
    `UPDATE inbox SET body = CAST('{"id":"forged"}' AS BLOB) WHERE number = (SELECT max(number) FROM inbox)`,
  );
  database.close();
  const { report } = rescued(path);
  expect(report).toMatchObject({ events: EVENTS - 1, missing: [expect.any(Number)] });
});

test('an event whose state is lost is held for a person, and the others keep theirs', () => {
  const path = damaged();
  const database = new DatabaseSync(path);
  database.exec('DELETE FROM work WHERE event = (SELECT max(event) FROM work)');
  database.close();
  const { report, rows } = rescued(path);
  expect(report).toMatchObject({ events: EVENTS, missing: [], held: 1 });
  expect(rows.work.filter(({ state }) => state === 'held')).toHaveLength(1);
});

test('commits that are in the write-ahead log only are saved, and what was not committed is not', () => {
  const path = damaged();
  const database = openInboxFile(path);
  const store = new Store(database, SOURCES);
  const late = store.commit([arrival('still', fresh())], [], new Map(), Date.now(), CIRCUIT).kept;
  expect(late[0]?.outcome).toBe('accepted');
  const copy = join(folder, 'with-log.db');
  for (const part of ['', '-wal']) copyFileSync(path + part, copy + part);
  database.close();
  const wal = openSync(`${copy}-wal`, 'r+');
  // A frame that was never finished.
  writeSync(wal, Buffer.alloc(PAGE, 1), 0, PAGE, statSync(`${copy}-wal`).size);
  closeSync(wal);
  const to = join(folder, 'with-log-saved.db');
  expect(rescueInbox(copy, to, SOURCES)).toMatchObject({ events: EVENTS + 1, missing: [] });
  expect(rowsOf(to).events.size).toBe(EVENTS + 1);
});

test('events that were purged do not come back', () => {
  const path = damaged();
  const database = openInboxFile(path);
  const far = Date.now() + 86_400_000;
  const store = new Store(database, SOURCES);
  while (store.purge(far, far, Date.now()).more);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const to = `${path}-saved`;
  expect(rescueInbox(path, to, SOURCES)).toMatchObject({ events: EVENTS - 100, missing: [] });
  expect(rowsOf(to).attempts).toEqual([]);
});

test('a rescue that fails leaves no file of that name', () => {
  const to = join(folder, 'never.db');
  expect(() => rescueInbox(join(folder, 'nothing.db'), to, SOURCES)).toThrow(/ENOENT/);
  expect(existsSync(to)).toBe(false);
});

test('items keep their states; where those of some are lost, the event is held for their handler', () => {
  const path = join(folder, 'lists.db');
  const database = openInboxFile(path);
  const store = new Store(database, SOURCES);
  const body = (mark: number) => JSON.stringify({ mark, list: [{ id: 1 }, { id: 2 }, { id: 3 }] });
  const grant = new Map([['lists/each', 20]]);
  const commit = (arrivals: ReturnType<typeof arrival>[], given: typeof grant) =>
    store.commit(arrivals, [], given, Date.now(), CIRCUIT).deliveries;
  commit([arrival('lists', body(1)), arrival('lists', body(2))], grant);
  const deliveries = Array.from({ length: 3 }, () => commit([], new Map())).flat();
  expect(deliveries).toHaveLength(6);
  const outcomes = deliveries.slice(0, 2).map((one) => ({ ...settlement('done'), ...one }));
  store.commit([], outcomes, new Map(), Date.now(), CIRCUIT);
  const rows = (file: DatabaseSync) => [
    file.prepare('SELECT * FROM batches').all(),
    file.prepare('SELECT * FROM work ORDER BY event, handler').all(),
    file.prepare('SELECT * FROM attempts').all(),
  ];
  const before = rows(database);
  expect(before.map(({ length }) => length)).toEqual([2, 6, 2]);
  const all = join(folder, 'lists-all.db');
  expect(rescueInbox(path, all, SOURCES)).toMatchObject({ events: 2, missing: [], held: 0 });
  const rescued = new DatabaseSync(all, { readOnly: true });
  expect(rows(rescued)).toEqual(before);
  rescued.close();
  database.exec(
    'DELETE FROM work WHERE event = (SELECT max(event) FROM work); PRAGMA wal_checkpoint(TRUNCATE)',
  );
  database.close();
  const some = join(folder, 'lists-some.db');
  expect(rescueInbox(path, some, SOURCES)).toMatchObject({ events: 2, missing: [], held: 1 });
});
