/** A replica whose clock is wrong beside one whose clock is right: it purges nothing, and what it takes in is numbered by the time in common. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { firstNumberAt, idOf, timeOfNumber } from '../../src/inbox/event-id.ts';
import { DatabaseClock } from '../../src/inbox/postgres/clock.ts';
import { createPool } from '../../src/inbox/postgres/connection.ts';
import { Lease } from '../../src/inbox/postgres/lease.ts';
import { StatusReader } from '../../src/inbox/postgres/status.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { deliver, numberOf } from '../harness/deliver.ts';
import { clear, startEnduring } from '../harness/ledger.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT } from '../harness/project.ts';
import { bodyOf } from '../harness/sender.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

let database: Database;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

const isAboutNow = (number: number) => Math.abs(timeOfNumber(number) - Date.now()) < MINUTE_MS;

test('a replica that is 61 days ahead beside one that is right', async () => {
  const right = await startEnduring(database.url);
  onTestFinished(() => clear(right));
  const { id: first } = await deliver(right, 'jobs', bodyOf(1));
  await expect.poll(() => database.query('SELECT FROM work')).toEqual([]);

  const ahead = await startEnduring(database.url, {
    CLOCK_AHEAD_MS: String(61 * DAY_MS),
    NODE_OPTIONS: `--import=${join(ROOT, 'test/fixtures/clock/ahead.ts')}`,
  });
  onTestFinished(() => clear(ahead));
  const { id: second } = await deliver(ahead, 'jobs', bodyOf(2));
  const { id: third } = await deliver(right, 'jobs', bodyOf(3));
  expect([first, second, third].map(numberOf).every(isAboutNow)).toBe(true);

  const told = await ahead.line(({ alarm }) => alarm === 'clock');
  expect(told.msg).toBe('our clock is 61 days ahead of what the inbox knows of the time; nothing is purged');
  const purge = await ahead.line(({ msg }) => msg === 'purging failed and will be tried again', 30_000);
  expect(purge.reason).toMatch(
    /^nothing is purged while this machine's clock is 878\d\d minutes ahead of the database's$/,
  );
  const kept = await database.query<{ id: string }>('SELECT id FROM events ORDER BY id');
  expect(kept.map(({ id }) => id)).toEqual([first, second, third].sort());
  expect(await database.query('SELECT count(*) FROM keys')).toEqual([{ count: 3 }]);
});

test('what was numbered a year ahead before is followed by nothing, and does not hide what waits', async () => {
  await prepareDatabase(database.url, 'the test’s');
  const pool = createPool(database.url, { connections: 2, statementMs: 5_000 });
  onTestFinished(() => pool.end());
  const outlier = firstNumberAt(Date.now() + 365 * DAY_MS);
  await database.query("INSERT INTO keys VALUES ('\\x01', $1, '\\x')", outlier);
  const lease = new Lease(pool, 15_000, []);
  await lease.enter();
  expect(isAboutNow(lease.nextNumber(Date.now()))).toBe(true);

  const status = new StatusReader(pool, database.url, lease.clock, new Map());
  const wait = (event: number) =>
    database.query("INSERT INTO work VALUES ($1, 'one/a', 'pending', 0, 0, false, false)", event);
  await wait(outlier);
  const before = Date.now();
  const seen = (await status.read()).oldestPendingAt;
  expect(seen).toBeGreaterThanOrEqual(before);
  expect(seen).toBeLessThanOrEqual(Date.now());
  expect((await status.read()).oldestPendingAt).toBe(seen);
  const hourAgo = firstNumberAt(Date.now() - 60 * MINUTE_MS);
  await wait(hourAgo);
  expect((await status.read()).oldestPendingAt).toBe(timeOfNumber(hourAgo));
});

test('a clock that is set while the service runs: what comes before the database is asked again is numbered in common', () => {
  const clock = new DatabaseClock();
  const databaseNow = Date.now();
  clock.note(databaseNow, performance.now(), performance.now());
  const inCommon = (aheadMs: number) => {
    vi.setSystemTime(databaseNow + aheadMs);
    return clock.inCommon(Date.now()) - databaseNow;
  };
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  // A little apart, each machine's own time counts.
  expect(inCommon(30_000)).toBe(30_000);
  for (const aheadMs of [365 * DAY_MS, -365 * DAY_MS])
    expect(Math.abs(inCommon(aheadMs))).toBeLessThan(MINUTE_MS);
  expect(Math.round(clock.doubtMs / DAY_MS)).toBe(-365);
  expect(Math.abs(clock.onThisMachine(databaseNow) - Date.now())).toBeLessThan(MINUTE_MS);
});

test('an event that came before the clock was set back is numbered as it came, and those behind it are not', async () => {
  await prepareDatabase(database.url, 'the test’s');
  const pool = createPool(database.url, { connections: 1, statementMs: 5_000 });
  onTestFinished(() => pool.end());
  const lease = new Lease(pool, 15_000, []);
  await lease.enter();
  const yearAhead = Date.now() + 365 * DAY_MS;
  const numbers = [Date.now(), yearAhead, yearAhead, Date.now(), Date.now()].map((at) =>
    lease.nextNumber(at),
  );
  expect(new Set(numbers.map(idOf)).size).toBe(5);
  expect(numbers.map(isAboutNow)).toEqual([true, false, false, true, true]);
});
