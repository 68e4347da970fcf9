/** The network between the service and its database fails, under load: 200 or 503, in time, and nothing is lost. */
import { afterAll, expect, test } from 'vitest';
import { deliver } from '../harness/deliver.ts';
import { expectAnswers, expectKept, expectUnharmed, useEnduring } from '../harness/ledger.ts';
import { type Load, type LoadOptions, startLoad } from '../harness/load.ts';
import { type Network, startNetwork } from '../harness/network.ts';
import { bodyOf, type Sent } from '../harness/sender.ts';

let network: Network;
const opened = useEnduring(async (url) => {
  network = await startNetwork(Number(new URL(url).port));
  return network.through(url);
});
afterAll(() => network.stop());

const statusesOf = (sent: readonly Sent[]) => [...new Set(sent.map(({ status }) => status))].sort();

/** Nobody waits any more for what is known not to work: hardly an answer is one that the deadline has brought about. */
function expectAtOnce(answers: readonly Sent[]): void {
  expect(statusesOf(answers)).toEqual([503]);
  const codes = new Map(opened.service.lines().map(({ id, code }) => [id, code]));
  const slow = answers.filter(({ said }) => codes.get(said) === 'inbox_slow');
  expect(slow.length).toBeLessThan(answers.length / 2);
}

/** Whatever happens meanwhile, everything is as it should be afterwards. */
async function underLoad(work: (load: Load) => Promise<void>, options?: LoadOptions): Promise<void> {
  const load = startLoad(opened.service, options);
  await load.untilTaken();
  await work(load);
  await load.untilTaken();
  const ledger = await load.stop();
  expectAnswers(ledger);
  await expectKept(opened.service, opened.database.query, ledger);
  expectUnharmed(opened.service);
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
    const refused = load.fromNow();
    network.stall(true);
    await load.untilReady(false);
    expectAtOnce(await load.next(30));
    expect(statusesOf(refused())).toEqual([503]);
    network.stall(false);
    await load.untilReady(true);
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
  let waits = 0;
  while ((await deliver(opened.service, 'jobs', bodyOf(1))).status === 503) waits++;
  // The second, if any, is what came before a probe on a new connection had brought its word.
  expect([1, 2]).toContain(waits);
  expect(await deliver(opened.service, 'jobs', bodyOf(2))).toMatchObject({
    status: 200,
    outcome: 'accepted',
  });
});

test('a tenth of a second for each question and answer: everything takes longer, and works', async () => {
  await underLoad(
    async (load) => {
      // With more a busy machine would come close to the deadline.
      network.delayMs = 50;
      const slow = load.fromNow();
      await load.next(60);
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
    const before = await load.next(30);
    // One more connection than there are may have been wanted.
    const taken = before.filter(({ status }) => status === 200);
    expect(taken.length).toBeGreaterThan(before.length / 2);
    network.cut();
    const after = load.fromNow();
    await load.untilReady(false);
    await load.next(10);
    expectAtOnce(after());
    await network.refuse(false);
    await load.untilReady(true);
    expectOnceUnready(load);
  });
});

test('a service whose database does not answer can be stopped', async () => {
  const load = startLoad(opened.service);
  await load.untilTaken();
  network.stall(true);
  expect(statusesOf(await load.next(10))).toEqual([503]);
  expectAnswers(await load.stop());
  expect(await opened.service.kill('SIGTERM')).toBe(0);
});
