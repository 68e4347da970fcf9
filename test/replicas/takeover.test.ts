/** What becomes of a replica's events when it dies, is stopped for a while, or goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overlaps } from '../fixtures/replicas/runs.ts';
import { Cluster, LEASE_MS, tell, tellMany, until } from '../harness/cluster.ts';
import type { Service } from '../harness/service.ts';

/** A lease, on a machine that has other things to do: nobody comes as late as that who does not wait for something else. */
const TAKEN_OVER_MS = 5 * LEASE_MS;
/** Nobody waits for the end of it in a test. */
const LONG_LEASE_MS = 120_000;

let cluster: Cluster;
let two: [Service, Service];
beforeAll(async () => {
  cluster = await Cluster.make();
  two = await Promise.all([cluster.start(), cluster.start()]);
});
afterAll(() => cluster.close());

/** What the replica did with these events. */
const runsBy = (service: Service, ids: readonly string[]) =>
  cluster.runsOf(service).filter(({ id }) => ids.includes(id));

test('a replica that was stopped for longer than the lease ends what it had, and goes on under a new name', async () => {
  const [stopped, other] = two;
  await cluster.untilShared('jobs/work', 4, 4);
  const names = await cluster.names();

  // Of its runs one would be over when it wakes up, the others go on.
  const brief = await tell(stopped, 'jobs', { ms: 2_500, againMs: 100 });
  const long = await tellMany(stopped, 'jobs', 3, { ms: 10_000, againMs: 100 });
  await until(() => runsBy(stopped, [brief, ...long]).length === 4);
  process.kill(stopped.pid, 'SIGSTOP');
  await until(() => runsBy(other, [brief, ...long]).length === 4);
  await sleep(500);
  process.kill(stopped.pid, 'SIGCONT');
  await stopped.line(({ msg }) => String(msg).includes('may be taken over'));
  await stopped.line(({ msg }) => String(msg).includes('handlers’ thread has ended'));

  // It works, under a new name.
  await cluster.untilShared('jobs/work', 4, 4);
  const namesNow = await cluster.names();
  expect(namesNow).toHaveLength(2);
  expect(namesNow.filter((name) => names.includes(name))).toHaveLength(1);
  const fresh = await tell(stopped, 'jobs');
  await cluster.untilDone();
  expect(await cluster.outcomes(fresh)).toEqual(['1 done']);
  expect(await cluster.outcomes(brief)).toEqual(['1 retry', '2 done']);
  for (const id of long) expect(await cluster.outcomes(id)).toEqual(['1 retry', '2 done']);
  const cutOff = cluster.runsOf(stopped).filter(({ id }) => long.includes(id));
  expect(cutOff.map(({ ended }) => ended)).toEqual([undefined, undefined, undefined]);
});

test('the events of a replica that is killed are handled again by another, all others once', async () => {
  const [other, doomed] = two;
  await cluster.untilShared('jobs/work', 4, 4);

  const ids = await tellMany(doomed, 'jobs', 14, { ms: 2_500, againMs: 500 });
  await until(() => runsBy(doomed, ids).length >= 4 && runsBy(other, ids).length >= 4);
  const killedAt = Date.now();
  await doomed.kill('SIGKILL');
  await cluster.untilDone();

  const cutOff = runsBy(doomed, ids).filter(({ ended }) => ended === undefined);
  const interrupted = cutOff.map(({ id }) => id);
  expect(interrupted).not.toEqual([]);
  for (const id of ids) {
    const expected = interrupted.includes(id) ? ['1 retry', '2 done'] : ['1 done'];
    expect(await cluster.outcomes(id)).toEqual(expected);
  }
  const again = cluster.runsOf(other).filter(({ id }) => interrupted.includes(id));
  expect(again.map(({ id, attempt }) => `${id} ${attempt}`).sort()).toEqual(
    interrupted.map((id) => `${id} 2`).sort(),
  );
  for (const { from } of again) expect(from - killedAt).toBeLessThan(TAKEN_OVER_MS);
  expect(overlaps(cluster.runs().filter(({ id }) => ids.includes(id)))).toEqual([]);
  expect(await cluster.shares('jobs/work')).toEqual([8]);

  const back = await cluster.start();
  await cluster.untilShared('jobs/work', 4, 4);
  await tellMany(other, 'jobs', 8, { ms: 500 });
  await cluster.untilDone();
  expect(cluster.runsOf(back)).toHaveLength(4);
});

test('a replica that is alone, killed and started again, has its events back within the lease', async () => {
  const alone = await Cluster.open();
  const before = await alone.start();
  const id = await tell(before, 'single', { ms: 800 });
  const waiting = await tell(before, 'single');
  await until(() => alone.runsOf(before).length === 1);
  const killedAt = Date.now();
  await before.kill('SIGKILL');
  await alone.start();
  await alone.untilDone();
  expect(await alone.outcomes(id)).toEqual(['1 retry', '2 done']);
  expect(await alone.outcomes(waiting)).toEqual(['1 done']);
  const [, again] = alone.runs().filter((run) => run.id === id);
  expect((again?.from ?? 0) - killedAt).toBeLessThan(TAKEN_OVER_MS);
  expect(overlaps(alone.runs())).toEqual([]);
});

test('a replica that goes hands over at once: what it cannot finish, and what waits', async () => {
  const lasting = await Cluster.open(LONG_LEASE_MS);
  const [leaving, other] = await lasting.startTwo();

  const brief = await tellMany(leaving, 'jobs', 2, { ms: 400 });
  const long = await tellMany(leaving, 'jobs', 2, { ms: 4_000 });
  await until(() => lasting.runsOf(leaving).length === 4);
  const waiting = await tellMany(leaving, 'jobs', 6, { ms: 100 });
  expect(await leaving.kill('SIGTERM')).toBe(0);
  await lasting.untilShared('jobs/work', 8);
  await until(() => lasting.runsOf(other).filter(({ id }) => long.includes(id)).length === 2);
  await lasting.untilDone();
  for (const id of [...brief, ...waiting]) expect(await lasting.outcomes(id)).toEqual(['1 done']);
  for (const id of long) expect(await lasting.outcomes(id)).toEqual(['1 later', '1 done']);
  expect(overlaps(lasting.runs())).toEqual([]);
  expect(await lasting.names()).toHaveLength(1);
});
