/** A clock that is wrong beside an SQLite inbox: it must neither empty it nor number what comes later. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { firstNumberAt, timeOfNumber } from '../../src/inbox/event-id.ts';
import { doubtAt } from '../../src/inbox/sqlite/clock.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { Store } from '../../src/inbox/sqlite/store.ts';
import { arrival, CIRCUIT, fresh, numberOf, SOURCES } from './driver.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const T = Date.UTC(2026, 5, 10, 12);

let folder: string;
let database: DatabaseSync;
let store: Store;
beforeEach(() => {
  vi.useFakeTimers({ now: T, toFake: ['Date'] });
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  database = openInboxFile(join(folder, 'inbox.db'));
  store = new Store(database, SOURCES);
});
afterEach(() => {
  vi.useRealTimers();
  database.close();
  rmSync(folder, { recursive: true });
});

const set = (now: number) => vi.setSystemTime(now);
/** As another process would find it. */
function restart(now: number): void {
  set(now);
  store = new Store(database, SOURCES);
}
/** Nobody handles events of this source, so they are finished. */
function keep(count = 1): number[] {
  const arrivals = Array.from({ length: count }, () => arrival('still', fresh()));
  const { kept } = store.commit(arrivals, [], new Map(), Date.now(), CIRCUIT);
  expect(kept.map(({ outcome }) => outcome)).toEqual(kept.map(() => 'accepted'));
  return kept.map(({ id }) => numberOf(id));
}
const lastKept = () => timeOfNumber(keep().at(-1) as number);
/** How many events it takes. */
function purge(): number | 'nothing, in doubt' {
  const before = Date.now() - 30 * DAY_MS;
  try {
    return store.purge(before, before, Date.now()).removed;
  } catch (error) {
    expect((error as Error).message).toContain('the clock is in doubt');
    return 'nothing, in doubt';
  }
}
/** In minutes. */
const doubt = () => Math.round((store.status().clockDoubtMs ?? 0) / MINUTE_MS);
const DAY = DAY_MS / MINUTE_MS;
const count = () => Number(Object.values(database.prepare('SELECT count(*) FROM inbox').get() ?? {})[0]);

test.each([
  ['an empty inbox', T, undefined, [], undefined],
  ['a mark of a moment ago', T, T - 1, [T - 90 * DAY_MS], undefined],
  ['a mark of a weekend ago', T, T - 2.5 * DAY_MS, [], undefined],
  ['a mark of two months ago', T, T - 61 * DAY_MS, [T - 1], T - 61 * DAY_MS],
  ['a mark from the future', T, T + DAY_MS, [T - 1], T + DAY_MS],
  ['an event of a moment ago', T, undefined, [T - 1], undefined],
  ['an event of two months ago', T, undefined, [T - 61 * DAY_MS], T - 61 * DAY_MS],
  ['one event from the future among others', T, undefined, [T + 365 * DAY_MS, T - 1, T - 2], undefined],
  ['events from the future all over', T, undefined, [T + 9 * DAY_MS, T + DAY_MS, T + DAY_MS], T + DAY_MS],
])('the clock beside %s', (_, now, mark, newest, latest) => {
  expect(doubtAt(now, mark, newest)).toBe(latest);
});

test('a service that starts 61 days ahead purges nothing, and goes on once the clock is right', () => {
  keep(20);
  restart(T + 61 * DAY_MS);
  expect(doubt()).toBe(61 * DAY);
  expect([purge(), count()]).toEqual(['nothing, in doubt', 20]);
  // Events that come meanwhile are no proof, and neither is another start.
  keep(5);
  restart(T + 61 * DAY_MS + MINUTE_MS);
  expect(doubt()).toBe(61 * DAY + 1);
  expect([purge(), count()]).toEqual(['nothing, in doubt', 25]);
  set(T + 2 * MINUTE_MS);
  expect(doubt()).toBe(0);
  expect(lastKept()).toBe(T + 2 * MINUTE_MS);
});

test('many events of a wrong clock number no later ones either', () => {
  keep(20);
  expect(purge()).toBe(0);
  restart(T + 61 * DAY_MS);
  keep(200);
  expect(purge()).toBe('nothing, in doubt');
  restart(T + 61 * DAY_MS + MINUTE_MS);
  expect(doubt()).toBe(61 * DAY + 1);
  expect([purge(), count()]).toEqual(['nothing, in doubt', 220]);
  restart(T + 2 * MINUTE_MS);
  expect(doubt()).toBe(0);
  expect(lastKept()).toBe(T + 2 * MINUTE_MS);
});

test('a mark that is not of this inbox says nothing', () => {
  keep(3);
  purge();
  database.exec(`UPDATE inbox SET number = number - ${firstNumberAt(T) - firstNumberAt(T - 61 * DAY_MS)}`);
  restart(T);
  expect(doubt()).toBe(61 * DAY);
  expect([purge(), count()]).toEqual(['nothing, in doubt', 3]);
});

test('a service that ran all the time is believed, however long nothing came', () => {
  keep(3);
  purge();
  database.exec(`UPDATE meta SET value = json_set(value, '$.at', ${T + 60 * DAY_MS}) WHERE key = 'clock'`);
  restart(T + 61 * DAY_MS);
  expect(doubt()).toBe(0);
  expect([purge(), count()]).toEqual([3, 0]);
});

test('what a provider signs ends the doubt', () => {
  keep(3);
  restart(T + 61 * DAY_MS);
  expect(purge()).toBe('nothing, in doubt');
  store.believeClock(Date.now());
  expect(doubt()).toBe(0);
  expect([purge(), count()]).toEqual([3, 0]);
});

test('a clock that is set while the service runs is doubted until it is set back', () => {
  keep(3);
  set(T + 40 * DAY_MS);
  expect(doubt()).toBe(40 * DAY);
  expect(purge()).toBe('nothing, in doubt');
  keep(3);
  set(T + MINUTE_MS);
  expect(doubt()).toBe(0);
  expect(lastKept()).toBe(T + MINUTE_MS);
  set(T - DAY_MS);
  expect(doubt()).toBe(-DAY);
  // It is this one that is wrong: ids go on from where they are.
  expect(lastKept()).toBe(T + MINUTE_MS);
});

test('one event from a year ahead numbers no other, and a number that is taken is passed over', () => {
  keep(10);
  set(T + 365 * DAY_MS);
  const [ahead = 0] = keep();
  restart(T + MINUTE_MS);
  expect(doubt()).toBe(0);
  expect(lastKept()).toBe(T + MINUTE_MS);
  restart(T + 365 * DAY_MS);
  store.believeClock(Date.now());
  database.prepare('UPDATE inbox SET number = ? WHERE number = ?').run(ahead + 1, ahead);
  const numbers = keep(3);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
  expect(numbers).not.toContain(ahead + 1);
  expect(count()).toBe(15);
});
