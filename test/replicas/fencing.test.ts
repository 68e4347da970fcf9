/** Replicas that cannot reach the database: whatever happens, no event is handled by two at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { overlaps } from '../fixtures/replicas/runs.ts';
import { Cluster, LEASE_MS, tell, tellMany, until } from '../harness/cluster.ts';
import { type Network, startNetwork } from '../harness/network.ts';

/** Between the end of the one and the beginning of the other is 0.15 of it: a process of a busy machine may stand still. */
const FENCED_LEASE_MS = 6_000;

const FAULTS: Readonly<Record<string, (network: Network, on: boolean) => Promise<void> | void>> = {
  stall: (network, on) => network.stall(on),
  refuse: async (network, on) => {
    await network.refuse(on);
    if (on) network.cut();
  },
};

async function openWire(cluster: Cluster): Promise<Network & { readonly url: string }> {
  const network = await startNetwork(Number(new URL(cluster.database.url).port));
  onTestFinished(() => network.stop());
  return Object.assign(network, { url: network.through(cluster.database.url) });
}

test.each(['stall', 'refuse'])(
  'a replica that is cut off (%s) ends its handlers before another begins with its events, and comes back',
  async (fault) => {
    const cluster = await Cluster.open(FENCED_LEASE_MS);
    const network = await openWire(cluster);
    const [cutOff, other] = await Promise.all([cluster.start({ database: network.url }), cluster.start()]);
    await cluster.untilShared('jobs/work', 4, 4);

    const ids = await tellMany(cutOff, 'jobs', 4, { ms: 20_000, againMs: 200 });
    await until(() => cluster.runsOf(cutOff).length === 4);
    await FAULTS[fault]?.(network, true);
    await until(() => cluster.runsOf(other).length === 4);
    expect(overlaps(cluster.runs())).toEqual([]);
    await cutOff.line(({ msg }) => String(msg).includes('may be taken over'));

    await FAULTS[fault]?.(network, false);
    await cluster.untilShared('jobs/work', 4, 4);
    await cluster.untilDone();
    for (const id of ids) expect(await cluster.outcomes(id)).toEqual(['1 retry', '2 done']);
    const fresh = await tell(cutOff, 'jobs');
    await cluster.untilDone();
    expect(await cluster.outcomes(fresh)).toEqual(['1 done']);
    expect(cluster.runsOf(cutOff).map(({ id }) => id)).toContain(fresh);
    expect(overlaps(cluster.runs())).toEqual([]);
  },
);

test('after a database that was gone for two leases nobody is taken for dead, and everything is handled', async () => {
  const cluster = await Cluster.open();
  const network = await openWire(cluster);
  const database = network.url;
  const services = await Promise.all([cluster.start({ database }), cluster.start({ database })]);
  await cluster.untilShared('jobs/work', 4, 4);
  const names = await cluster.names();

  const ids = await tellMany(services[0], 'jobs', 8, { ms: 2_500 });
  await until(() => cluster.runs().length === 8);
  network.stall(true);
  await sleep(2 * LEASE_MS);
  network.stall(false);
  for (const service of services) {
    await service.line(({ msg }) => msg === 'the inbox takes writes again');
    await tell(service, 'jobs');
  }
  await cluster.untilDone();
  // Cut off by us, not by a fault of the events: it does not count.
  for (const id of ids) expect((await cluster.outcomes(id)).at(-1)).toBe('1 done');
  expect(await cluster.names()).toEqual(names);
  expect(overlaps(cluster.runs())).toEqual([]);
});

test('a database that is slow but answers costs nobody his handlers', async () => {
  const cluster = await Cluster.open();
  const network = await openWire(cluster);
  const [near, far] = await Promise.all([cluster.start(), cluster.start({ database: network.url })]);
  await cluster.untilShared('jobs/work', 4, 4);
  const names = await cluster.names();
  network.delayMs = 90;
  const ids = await tellMany(far, 'jobs', 4, { ms: 2 * LEASE_MS });
  for (let count = 0; count < 20; count++) {
    await tell(near, 'three', { ms: 100 });
    await tell(far, 'far', { ms: 100 });
  }
  await cluster.untilDone();
  for (const id of ids) expect(await cluster.outcomes(id)).toEqual(['1 done']);
  expect(await cluster.names()).toEqual(names);
  expect(far.output()).not.toContain('may be taken over');
});
