/** Replicas that cannot reach the database: whatever happens, no event is handled by two at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { overlaps } from '../fixtures/replicas/runs.ts';
import { Cluster, LEASE_MS, tell, tellMany, until } from '../harness/cluster.ts';
import { type Network, startNetwork } from '../harness/network.ts';
import type { Service } from '../harness/service.ts';

/** Between the end of the one and the beginning of the other is 0.15 of it: a process of a busy machine may stand still. */
const FENCED_LEASE_MS = 6_000;

const FAULTS: Readonly<Record<string, (network: Network, on: boolean) => Promise<void> | void>> = {
  stall: (network, on) => network.stall(on),
  refuse: async (network, on) => {
    await network.refuse(on);
    if (on) network.cut();
  },
};

type Wire = Network & { readonly url: string };

async function openWire(cluster: Cluster): Promise<Wire> {
  const network = await startNetwork(Number(new URL(cluster.database.url).port));
  return Object.assign(network, { url: network.through(cluster.database.url) });
}

const timesFenced = (service: Service) =>
  service.lines().filter(({ msg }) => String(msg).includes('may be taken over')).length;

describe('one that is reached through a network, and one beside the database', () => {
  let cluster: Cluster;
  let network: Wire;
  let near: Service;
  let far: Service;
  beforeAll(async () => {
    cluster = await Cluster.make(FENCED_LEASE_MS);
    network = await openWire(cluster);
    [near, far] = await Promise.all([cluster.start(), cluster.start({ database: network.url })]);
  });
  afterAll(async () => {
    await cluster.close();
    await network.stop();
  });

  test.each(['stall', 'refuse'])(
    'a replica that is cut off (%s) ends its handlers before another begins with its events, and comes back',
    async (fault) => {
      const before = timesFenced(far);
      await cluster.untilShared('jobs/work', 4, 4);

      const ids = await tellMany(far, 'jobs', 4, { ms: 20_000, againMs: 200 });
      const runsBy = (service: Service) => cluster.runsOf(service).filter(({ id }) => ids.includes(id));
      await until(() => runsBy(far).length === 4);
      await FAULTS[fault]?.(network, true);
      await until(() => runsBy(near).length === 4);
      expect(overlaps(cluster.runs())).toEqual([]);
      await until(() => timesFenced(far) === before + 1);

      await FAULTS[fault]?.(network, false);
      await cluster.untilShared('jobs/work', 4, 4);
      await cluster.untilDone();
      for (const id of ids) expect(await cluster.outcomes(id)).toEqual(['1 retry', '2 done']);
      const fresh = await tell(far, 'jobs');
      await cluster.untilDone();
      expect(await cluster.outcomes(fresh)).toEqual(['1 done']);
      expect(cluster.runsOf(far).map(({ id }) => id)).toContain(fresh);
      expect(overlaps(cluster.runs())).toEqual([]);
    },
  );
});

describe('two that are each reached through a network', () => {
  let cluster: Cluster;
  let networks: [Wire, Wire];
  let near: Service;
  let far: Service;
  beforeAll(async () => {
    cluster = await Cluster.make();
    networks = await Promise.all([openWire(cluster), openWire(cluster)]);
    const [one, other] = networks.map(({ url }) => cluster.start({ database: url }));
    [near, far] = await Promise.all([one as Promise<Service>, other as Promise<Service>]);
  });
  afterAll(async () => {
    await cluster.close();
    for (const network of networks) await network.stop();
  });

  test('a database that is slow but answers costs nobody his handlers', async () => {
    await cluster.untilShared('jobs/work', 4, 4);
    const names = await cluster.names();
    networks[1].delayMs = 90;
    onTestFinished(() => {
      networks[1].delayMs = 0;
    });
    const ids = await tellMany(far, 'jobs', 4, { ms: 2 * LEASE_MS });
    for (let count = 0; count < 20; count++) {
      await tell(near, 'three', { ms: 100 });
      await tell(far, 'far', { ms: 100 });
    }
    await cluster.untilDone();
    for (const id of ids) expect(await cluster.outcomes(id)).toEqual(['1 done']);
    expect(await cluster.names()).toEqual(names);
    expect(timesFenced(far)).toBe(0);
  });

  test('after a database that was gone for two leases nobody is taken for dead, and everything is handled', async () => {
    const services = [near, far] as const;
    await cluster.untilShared('jobs/work', 4, 4);
    const names = await cluster.names();

    const ids = await tellMany(services[0], 'jobs', 8, { ms: 2_500 });
    await until(() => cluster.runs().filter(({ id }) => ids.includes(id)).length === 8);
    for (const network of networks) network.stall(true);
    await sleep(2 * LEASE_MS);
    for (const network of networks) network.stall(false);
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
});
