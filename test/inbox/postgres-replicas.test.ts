/** What replicas owe each other, told to their parts: when one may be taken for dead, and what a late word is worth. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { noteAlarms } from '../../src/inbox/postgres/kept-alarms.ts';
import { Lease } from '../../src/inbox/postgres/lease.ts';
import { settleAll } from '../../src/inbox/postgres/settle.ts';
import { routesOf } from '../../src/inbox/stored-source.ts';
import { SOURCES, settlement } from './driver.ts';
import { preparedForEach } from './prepared.ts';

const LEASE_MS = 2_000;
/** Of the lease: as long as a heartbeat must have stood still. */
const DEAD_MS = 0.75 * LEASE_MS;

const opened = preparedForEach();
const routes = routesOf(SOURCES);

/** Looks all the time until it has removed somebody, and answers when. */
async function untilRemoved(lease: Lease): Promise<number> {
  for (;;) {
    await lease.heartbeat();
    if (await lease.removeDead()) return performance.now();
    await sleep(20);
  }
}

test('a heartbeat that was written while the question was under way counts from then on', async () => {
  let slowed: () => Promise<void> = async () => {};
  const slowPool = Object.assign(Object.create(opened.pool) as pg.Pool, {
    async query(...parameters: Parameters<pg.Pool['query']>) {
      await slowed();
      return await opened.pool.query(...parameters);
    },
  });
  const dying = new Lease(opened.pool, LEASE_MS, ['a']);
  const watcher = new Lease(slowPool, LEASE_MS, ['a']);
  await dying.enter();
  await watcher.enter();
  await watcher.heartbeat();

  let lastBeat = 0;
  slowed = async () => {
    slowed = async () => {};
    await sleep(LEASE_MS * 0.25);
    lastBeat = performance.now();
    await dying.heartbeat();
  };
  expect((await untilRemoved(watcher)) - lastBeat).toBeGreaterThanOrEqual(DEAD_MS);
  expect(watcher.members.map(({ id }) => id)).toEqual([watcher.id]);
  expect(await dying.heartbeat()).toBe(false);
});

test('whoever did not look for a while removes nobody at once', async () => {
  const [sleeper, other] = [new Lease(opened.pool, LEASE_MS, ['a']), new Lease(opened.pool, LEASE_MS, ['a'])];
  await sleeper.enter();
  await other.enter();
  await sleeper.heartbeat();
  await sleep(LEASE_MS);
  await sleeper.heartbeat();
  expect(await sleeper.removeDead()).toBe(false);
  expect(await other.heartbeat()).toBe(true);
});

test('a late word on a state that another has taken over does not let the next one in', async () => {
  const thing = Buffer.from('thing');
  const [late, owner] = [1, 2];
  await opened.database.query("INSERT INTO newest VALUES ('parcels/a', $1, 20, 200)", thing);
  await opened.database.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, owner, thing)
     VALUES (100, 'parcels/a', 'handling', 2, 0, false, false, $1, $2), (200, 'parcels/a', 'pending', 0, 0, false, true, NULL, $2)`,
    owner,
    thing,
  );
  const behind = async () =>
    (await opened.database.query('SELECT behind FROM work WHERE event = 200'))[0]?.behind;
  const said = { event: 100, handler: 'parcels/a', ...settlement('done') };

  expect(await settleAll(opened.pool, late, routes, [{ ...said, attempt: 1 }])).toEqual([]);
  expect(await settleAll(opened.pool, late, routes, [{ ...said, attempt: 2 }])).toEqual([]);
  expect(await behind()).toBe(true);
  expect(await settleAll(opened.pool, owner, routes, [{ ...said, attempt: 2 }])).toHaveLength(1);
  expect(await behind()).toBe(false);
});

test('of replicas that find the same at the same time one tells of it, and of its end', async () => {
  const alarm = { kind: 'failing', subject: 'one/a', since: 1_000, says: 'it failed', fix: 'Mend it.' };
  const look = { repeatMs: 60_000, calmMs: 1_000 };
  const find = (now: number) =>
    noteAlarms(opened.pool, { ...look, found: [{ ...alarm, isTold: false }], over: [], now });
  const end = (now: number) => noteAlarms(opened.pool, { ...look, found: [], over: [alarm], now });
  const found = await Promise.all([find(1_000), find(1_000), find(1_001)]);
  expect(found.flat()).toEqual([{ type: 'alarm.raised', alarm }]);
  // One of them still finds it when another one does not.
  await find(5_000);
  expect(await end(5_500)).toEqual([]);
  const ended = await Promise.all([end(6_000), end(6_000), end(6_000)]);
  expect(ended.flat()).toEqual([{ type: 'alarm.over', alarm }]);
});
