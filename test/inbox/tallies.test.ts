/** Tallies: the arithmetic, and how the file of an inbox is asked for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COUNT_QUERIES } from '../../src/inbox/count-reader.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { openSqliteReader } from '../../src/inbox/sqlite/reader.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { PURGE_TALLIES } from '../../src/inbox/sqlite/tallies.ts';
import {
  bytesOfTimes,
  type MinuteTally,
  noTimes,
  placeOf,
  rowsOfTallies,
  TIMES_SECONDS,
  timesOf,
} from '../../src/inbox/tallies.ts';

const MINUTE_MS = 60_000;
const tally = (minute: number, more: Partial<MinuteTally> = {}): MinuteTally => ({
  kind: 'request',
  subject: 'one',
  outcome: 'accepted',
  minute,
  count: 1,
  times: noTimes(),
  ...more,
});

test.each([
  [0, 0],
  [1, 0],
  [1.01, 1],
  [2.5, 1],
  [4_999, 11],
  [5_000, 11],
  [5_000.1, undefined],
])('%d ms stand in place %s of the histogram', (ms, place) => {
  expect(placeOf(ms)).toBe(place);
});

test('a histogram is read as it was written, from a file or from PostgreSQL', () => {
  const times = TIMES_SECONDS.map((_, at) => at * 300_000_000);
  expect(timesOf(Uint8Array.from(bytesOfTimes(times)))).toEqual(times);
  expect(timesOf(times.map(String))).toEqual(times);
  // What cannot be said in four bytes is the most that can.
  expect(timesOf(bytesOfTimes([2 ** 40]))[0]).toBe(2 ** 32 - 1);
  expect(timesOf(new Uint8Array(3))).toEqual(noTimes());
});

test('each count stands in a row of its minute and in one of its hour, apart by kind, subject and outcome', () => {
  const rows = rowsOfTallies([
    tally(119, { count: 2 }),
    tally(120),
    tally(121, { count: 3 }),
    tally(121, { kind: 'attempt', subject: 'one/a', outcome: 'done' }),
  ]);
  expect(rows.map(({ step, bucket, kind, count }) => [step, bucket, kind, count])).toEqual([
    [1, 119, 'request', 2],
    [1, 120, 'request', 1],
    [1, 121, 'request', 3],
    [1, 121, 'attempt', 1],
    [60, 60, 'request', 2],
    [60, 120, 'request', 4],
    [60, 120, 'attempt', 1],
  ]);
});

describe('in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const path = join(folder, 'inbox.db');
  beforeAll(() => {
    const database = openInboxFile(path);
    const tallies = [
      tally(600, { count: 5 }),
      tally(601, { outcome: 'duplicate' }),
      tally(602, { outcome: 'hmac_mismatch', count: 9 }),
      tally(661, { subject: 'two' }),
      tally(661, { kind: 'attempt', subject: 'one/a', outcome: 'done' }),
    ];
    const uses = [{ source: 'one', scheme: 'hmac', secret: 'f', form: '', count: 1, lastAt: 7 }];
    new Store(database, new Map()).noteCounts({ uses, tallies }, Date.now());
    database.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('they are read by time, step, kind and subject', async () => {
    const { counts, close } = boundReader();
    const read = async (wish: Partial<Parameters<typeof counts.tallies>[0]>) => {
      const rows = await counts.tallies({ step: 1, from: 0, until: 900 * MINUTE_MS, ...wish });
      return rows.map(({ bucket, outcome }) => `${bucket} ${outcome}`);
    };
    expect(await read({ from: 601 * MINUTE_MS, until: 661 * MINUTE_MS })).toEqual([
      '601 duplicate',
      '602 hmac_mismatch',
    ]);
    expect(await read({ kind: 'attempt' })).toEqual(['661 done']);
    expect(await read({ step: 60, subject: 'one' })).toEqual([
      '600 accepted',
      '600 duplicate',
      '600 hmac_mismatch',
    ]);
    expect(await counts.hoursTaken(0, 900 * MINUTE_MS)).toEqual([
      { source: 'one', hour: 10, count: 6 },
      { source: 'two', hour: 11, count: 1 },
    ]);
    expect(await counts.lastProven()).toEqual(new Map([['one', 7]]));
    expect(await counts.replicas()).toBeUndefined();
    await close();
  });

  function boundReader() {
    const reader = openSqliteReader(path);
    return { counts: reader.counts, close: () => reader.close() };
  }

  test.each([
    ['tallies', COUNT_QUERIES.tallies],
    ['hoursTaken', COUNT_QUERIES.hoursTaken],
    ['purge', PURGE_TALLIES],
  ])('a stretch of the key is looked at for %s, and no more', (_, sql) => {
    const database = new DatabaseSync(path, { readOnly: true });
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    database.close();
    const looks = steps.map(({ detail }) => String(detail)).filter((detail) => /SCAN|SEARCH/.test(detail));
    expect(looks.join('; ')).toMatch(/USING PRIMARY KEY \(step=\? AND bucket/);
    expect(looks.filter((look) => look.startsWith('SCAN'))).toEqual([]);
  });
});
