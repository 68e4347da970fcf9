/** The network between the service and its database fails, under load: 200 or 503, in time, and nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliver } from '../harness/deliver.ts';
import {
  clear,
  expectAnswers,
  expectKept,
  expectUnharmed,
  PATIENCE_MS,
  startEnduring,
} from '../harness/ledger.ts';
import { type Load, type LoadOptions, startLoad } from '../harness/load.ts';
import { type Network, startNetwork } from '../harness/network.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { bodyOf, type Sent } from '../harness/sender.ts';
import type { Service } from '../harness/service.ts';

/** No sooner does readiness go, and come back: gate.ts. */
const UNREADY_AFTER_MS = 1_500;
const READY_AFTER_MS = 1_000;
/** What is under way, the handlers, and the inbox each have their limits. */
const STOPPED_MS = 20_000;

let database: Database;
let network: Network;
let service: Service;
beforeEach(async () => {
  database = await freshDatabase();
  network = await startNetwork(Number(new URL(database.url).port));
  service = await startEnduring(network.through(database.url));
});
afterEach(async () => {
  await clear(service);
  await network.stop();
  await database.drop();
});

const statusesOf = (sent: readonly Sent[]) => [...new Set(sent.map(({ status }) => status))].sort();

/** Whatever happens meanwhile, everything is as it should be afterwards. */
async function underLoad(work: (load: Load) => Promise<void>, options?: LoadOptions): Promise<void> {
  const load = startLoad(service, options);
  await load.untilTaken();
  await work(load);
  await load.untilTaken();
  const ledger = await load.stop();
  expectAnswers(ledger);
  await expectKept(service, database.query, ledger);
  expectUnharmed(service);
}

test('connections that break cost what is on them, and no readiness', async () => {
  await underLoad(async (load) => {
    for (let nth = 0; nth < 6; nth++) {
      network.cut(nth % 2 === 0 ? 'reset' : 'end');
      await load.untilTaken();
    }
    expect(load.sights.filter(({ ready }) => !ready)).toEqual([]);
  });
});

test('a stalled network: 503 in time for as long as it lasts, then everything as before by itself', async () => {
  await underLoad(async (load) => {
    const begun = performance.now();
    const refused = load.fromNow();
    network.stall(true);
    await load.untilReady(false, 12_000);
    expect(performance.now() - begun).toBeGreaterThan(PATIENCE_MS + UNREADY_AFTER_MS);
    const atOnce = load.fromNow();
    await sleep(1_000);
    expect(statusesOf(refused())).toEqual([503]);
    // Nobody waits any more for what is known not to work.
    expect(Math.max(...atOnce().map(({ ms }) => ms))).toBeLessThan(1_000);
    const ended = performance.now();
    network.stall(false);
    await load.untilReady(true);
    expect(performance.now() - ended).toBeGreaterThan(READY_AFTER_MS);
    expectOnceUnready(load);
  });
});

/** Readiness goes and comes back, and does not flicker. */
function expectOnceUnready({ sights }: Load): void {
  const turns = sights.filter(({ ready }, at) => at > 0 && ready !== sights[at - 1]?.ready);
  expect(turns.map(({ ready }) => ready)).toEqual([false, true]);
}

test('connections that nobody told of their end cost one wait, not one each', async () => {
  network.forget();
  const first = deliver(service, 'jobs', bodyOf(1));
  // A beat that was begun before the first wait was over, and its own.
  await sleep(1_500 + PATIENCE_MS + 500);
  expect((await first).status).toBe(503);
  const second = await deliver(service, 'jobs', bodyOf(2));
  expect(second.status).toBe(200);
  expect(second.ms).toBeLessThan(1_000);
});

test('half a second for each question and answer: everything takes longer, and works', async () => {
  await underLoad(
    async (load) => {
      network.delayMs = 250;
      const slow = load.fromNow();
      await sleep(3_000);
      network.delayMs = 0;
      await load.untilTaken();
      expect(statusesOf(slow())).toEqual([200]);
      expect(load.sights.filter(({ ready }) => !ready)).toEqual([]);
    },
    // Several questions and answers for each event would take longer than providers wait.
    { sources: ['jobs'] },
  );
});

test('nobody listens: what is open goes on; without it 503 at once, and not ready for a while', async () => {
  await underLoad(async (load) => {
    await network.refuse(true);
    const before = load.fromNow();
    await sleep(500);
    // One more connection than there are may have been wanted.
    const taken = before().filter(({ status }) => status === 200);
    expect(taken.length).toBeGreaterThan(before().length / 2);
    const begun = performance.now();
    network.cut();
    const after = load.fromNow();
    await load.untilReady(false);
    expect(performance.now() - begun).toBeGreaterThan(UNREADY_AFTER_MS);
    await sleep(500);
    expect(statusesOf(after())).toEqual([503]);
    expect(Math.max(...after().map(({ ms }) => ms))).toBeLessThan(1_000);
    await network.refuse(false);
    await load.untilReady(true);
    expectOnceUnready(load);
  });
});

test('a service whose database does not answer can be stopped', async () => {
  const load = startLoad(service);
  await load.untilTaken();
  network.stall(true);
  await sleep(500);
  expectAnswers(await load.stop());
  const begun = performance.now();
  expect(await service.kill('SIGTERM')).toBe(0);
  expect(performance.now() - begun).toBeLessThan(STOPPED_MS);
});
