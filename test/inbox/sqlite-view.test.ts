/** What an operator's own SQL sees, and what SQLite is told to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { statementsOf } from '../../src/inbox/sqlite/statements.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { numberFrom } from '../../src/inbox/sqlite-file.ts';
import { arrival, CIRCUIT, SOURCES } from './driver.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
let database: DatabaseSync;
let ids: string[];

const BODIES = {
  plain: '{"id":1,"type":"/shipment#created","data":{"shipment":{"id":"42"}}}',
  big: '{"id":12345678901234567890,"type":"big"}',
  nul: '{"id":"nul","type":"a\\u0000b"}',
  scalar: '7',
  deep: `{"id":"deep","type":"deep","v":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  odd: 'not json at all',
  notUtf8: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  conflict: '{"id":1,"type":"other"}',
  marked: '\uFEFF{"id":"bom","type":"marked"}',
};
const RECEIVED = [0, 1, 9, 10, 99, 123, 499, 500, 999, 59_999].map(
  (ms) => Date.UTC(2026, 1, 28, 23, 59) + ms,
);

beforeAll(() => {
  database = openInboxFile(path);
  const store = new Store(database, SOURCES);
  const arrivals = Object.values(BODIES).map((body, at) => arrival('one', body, RECEIVED[at]));
  ids = store.commit(arrivals, [], new Map(), Date.now(), CIRCUIT).kept.map(({ id }) => id);
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const select = (sql: string) =>
  database
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
const plan = (sql: string) => select(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => String(detail));

test('the view has one row for each event, held ones too, under the id that was answered', () => {
  expect(select('SELECT id, source FROM events ORDER BY id')).toEqual(
    ids.map((id) => ({ id, source: 'one' })),
  );
  expect(
    database
      .prepare('SELECT * FROM events')
      .columns()
      .map(({ name }) => name),
  ).toEqual(['id', 'ts', 'source', 'type', 'payload']);
});

test('JSON functions work on every row, and what SQLite cannot read as JSON is NULL', () => {
  const rows = select(`SELECT typeof(payload) AS kind, json_extract(payload, '$.type') AS type,
    json_extract(payload, '$.data.shipment.id') AS shipment FROM events ORDER BY id`);
  expect(Object.keys(BODIES).map((name, at) => [name, rows[at]?.kind])).toEqual([
    ['plain', 'text'],
    ['big', 'text'],
    ['nul', 'text'],
    ['scalar', 'text'],
    ['deep', 'null'],
    ['odd', 'null'],
    ['notUtf8', 'null'],
    ['conflict', 'text'],
    ['marked', 'text'],
  ]);
  expect(rows[0]).toMatchObject({ type: '/shipment#created', shipment: '42' });
  expect(rows[7]).toMatchObject({ type: 'other', shipment: null });
  expect(rows[8]).toMatchObject({ type: 'marked', shipment: null });
});

test('the payload is the text that came, not SQLite’s idea of it', () => {
  const [, big] = select('SELECT payload FROM events ORDER BY id');
  expect(big?.payload).toBe(BODIES.big);
});

test('the bytes of every event are in the inbox as they came', () => {
  const stored = select('SELECT body FROM inbox ORDER BY number').map(({ body }) =>
    Buffer.from(body as Uint8Array),
  );
  expect(stored).toEqual(Object.values(BODIES).map((body) => Buffer.from(body)));
});

test('an event whose body has been purged is not in the view', () => {
  database.exec('BEGIN; UPDATE inbox SET headers = NULL, body = NULL WHERE external_id = 1');
  expect(select('SELECT id FROM events')).toHaveLength(ids.length - 2);
  database.exec('ROLLBACK');
});

test('the time is ISO 8601 in UTC to the millisecond, whichever millisecond it is', () => {
  const shown = select('SELECT ts FROM events ORDER BY id').map(({ ts }) => ts);
  expect(shown).toEqual(RECEIVED.slice(0, ids.length).map((ms) => new Date(ms).toISOString()));
  const expression = /strftime\(.*\)/.exec(
    String(select("SELECT sql FROM sqlite_schema WHERE name = 'events'")[0]?.sql),
  );
  const iso = database.prepare(
    `WITH times(received_at) AS (VALUES (?)) SELECT ${expression?.[0]} AS ts FROM times`,
  );
  const wrong: number[] = [];
  for (let ms = Date.UTC(2026, 0, 1, 12, 34, 56); ms < Date.UTC(2060, 0, 1); ms += 300_000_007) {
    for (let part = 0; part < 50; part++) {
      const at = Math.floor(ms) + part * 20 + (part % 20);
      if (iso.get(at)?.ts !== new Date(at).toISOString()) wrong.push(at);
    }
  }
  expect(wrong).toEqual([]);
});

test('numbers and ids say the same in SQL and in the service', () => {
  const rows = select('SELECT number FROM inbox ORDER BY number');
  expect(rows.map(({ number }) => idOf(Number(number)))).toEqual(ids);
});

test('handing out never looks at more than the rows that are due', () => {
  const { due, nextDue, dueAlone, nextAlone } = statementsOf(database);
  for (const statement of [due, nextDue]) {
    expect(plan(statement.sourceSQL)).toEqual([expect.stringMatching(/^SEARCH work USING .*INDEX work_due/)]);
  }
  for (const statement of [dueAlone, nextAlone]) {
    expect(plan(statement.sourceSQL)).toEqual([
      expect.stringMatching(/^(SEARCH|SCAN) work USING .*INDEX work_alone/),
    ]);
  }
});

test('what was replayed first, and which action is under way, is found without looking at the others', () => {
  const { oldestReplayed, actionAhead } = statementsOf(database);
  expect(plan(oldestReplayed.sourceSQL)).toEqual([expect.stringContaining('INDEX work_since')]);
  expect(plan(actionAhead.sourceSQL)).toEqual([expect.stringContaining('INDEX actions_running')]);
});

test('what is asked for each event is answered by an index or a key', () => {
  const all = statementsOf(database);
  const names = [
    ...['insertEvent', 'byIdentity', 'eventForDelivery', 'eventForOrder', 'workOfEvent', 'finishWork'],
    ...['insertWork', 'startWork', 'updateWork', 'deleteWork', 'replayWork', 'insertAttempt'],
    ...['purgeable', 'stripEvent', 'deleteEvent', 'deleteAttempts'],
    // And for each delivery of an action.
    ...['workAt', 'hasBody', 'advanceAction', 'endAction', 'actionOf', 'pauseOf'],
  ] as (keyof typeof all)[];
  const slow = names.filter((name) =>
    plan(all[name].sourceSQL).some((step) => /SCAN|TEMP B-TREE/.test(step)),
  );
  expect(slow).toEqual([]);
});

test('every commit is synced before it is answered: WAL with synchronous FULL, read back', () => {
  expect(select('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  expect(numberFrom(database, 'PRAGMA synchronous')).toBe(2);
});
