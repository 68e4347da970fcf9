/** What replicas share: a target's slots, its rate and its rest, and the order of a thing's states. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { mostAtOnce, overlaps, type Run } from '../fixtures/replicas/runs.ts';
import { Cluster, tell, tellMany, until } from '../harness/cluster.ts';
import type { Service } from '../harness/service.ts';

const shareOf = (cluster: Cluster, source: string, service: Service) =>
  cluster.runs(source).filter(({ pid }) => pid === service.pid);

test('never more at once than the target’s concurrency, while replicas come and go under load', async () => {
  const cluster = await Cluster.open();
  const first = await cluster.start();
  let on = true;
  const load = (async () => {
    // Always more than there are slots for.
    for (let sent = 0; on; sent += 3) {
      await tellMany(first, 'three', 3, { ms: 100 + (sent % 50) });
      await until(() => cluster.runs('three').length > sent - 12);
    }
  })();
  const second = await cluster.start();
  await until(() => shareOf(cluster, 'three', second).length >= 5);
  const third = await cluster.start();
  await cluster.untilShared('three/work', 1, 1, 1);
  await until(() => shareOf(cluster, 'three', third).length >= 5);
  await second.kill('SIGTERM');
  await cluster.untilShared('three/work', 2, 1);
  await third.kill('SIGTERM');
  await cluster.untilShared('three/work', 3);
  on = false;
  await load;
  await cluster.untilDone();
  const runs = cluster.runs('three');
  expect(mostAtOnce(runs)).toBe(3);
  expect(runs.filter(({ ended }) => ended !== 'end')).toEqual([]);
});

async function restsAt({ consolePort }: Service): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${consolePort}/metrics`);
  return /^consignee_handler_resting\{.*"far\/work".*\} 1$/m.test(await response.text());
}

describe('two replicas that stay', () => {
  let cluster: Cluster;
  let replicas: [Service, Service];
  beforeAll(async () => {
    cluster = await Cluster.make();
    replicas = await Promise.all([cluster.start(), cluster.start()]);
  });
  beforeEach(() => cluster.untilShared('jobs/work', 4, 4));
  afterAll(() => cluster.close());

  test('however the news come, and to whom, things end with their newest state, and never two at once for one', async () => {
    const things = Array.from({ length: 6 }, (_, at) => `thing-${at}`);
    const news = things.flatMap((thing) => Array.from({ length: 12 }, (_, at) => ({ thing, at: at + 1 })));
    const shuffled = news.sort(() => Math.random() - 0.5);
    while (shuffled.length > 0) {
      const together = shuffled.splice(0, 1 + Math.floor(Math.random() * 8));
      const sent = together.map((told) => {
        const replica = replicas[Math.random() < 0.5 ? 0 : 1];
        return tell(replica, 'states', { ...told, ms: Math.random() * 60, stumbles: Math.random() < 0.2 });
      });
      await Promise.all(sent);
    }
    await cluster.untilDone();
    const runs = cluster.runs('states');
    expect(overlaps(runs, ({ thing }) => String(thing))).toEqual([]);
    for (const thing of things) {
      const states = runs
        .filter((run) => run.thing === thing && run.ended === 'end')
        .map(({ state }) => state);
      expect(states).toEqual([...new Set(states)].sort((one, other) => Number(one) - Number(other)));
      expect(states.at(-1)).toBe(12);
    }
    for (const { pid } of replicas) expect(runs.filter((run) => run.pid === pid)).not.toEqual([]);
  });

  test('a target that takes nothing is left in peace by all', async () => {
    const [one, other] = replicas;
    await cluster.untilShared('far/work', 2, 2);
    const downUntil = Date.now() + 8_000;
    const id = await tell(one, 'far', { downUntil });
    // Word gets around.
    for (const replica of [one, other])
      await expect.poll(() => restsAt(replica), { timeout: 20_000 }).toBe(true);
    // Long enough for the one that did not try it to hear that it takes events again.
    await tellMany(other, 'far', 4, { ms: 500 });
    await tellMany(one, 'far', 4, { ms: 500 });
    await cluster.untilDone();
    expect(await cluster.outcomes(id)).toEqual(['1 later', '1 done']);
    const [, ...later] = cluster.runs('far');
    expect(later).toHaveLength(9);
    for (const { from } of later) expect(from).toBeGreaterThanOrEqual(downUntil - 50);
    expect(shareOf(cluster, 'far', other)).not.toEqual([]);
  });
  test('one slot is never used by two, and a rate holds, whichever replicas there are', async () => {
    await cluster.untilShared('rated/work', 4, 4);
    const begun = Date.now();
    await Promise.all([
      ...replicas.map((replica) => tellMany(replica, 'rated', 40)),
      ...replicas.map((replica) => tellMany(replica, 'single', 12, { ms: 60 })),
    ]);
    const third = await cluster.start();
    onTestFinished(async () => void (await third.kill('SIGTERM')));
    await tellMany(third, 'single', 12, { ms: 60 });
    await cluster.untilDone();

    expect(cluster.runs('single')).toHaveLength(36);
    expect(mostAtOnce(cluster.runs('single'))).toBe(1);
    const rated = cluster.runs('rated');
    expect(rated).toHaveLength(80);
    for (const replica of replicas) expect(shareOf(cluster, 'rated', replica).length).toBeGreaterThan(10);
    // 20 in a second; what each may make up at once, and have saved up, is little. The time begins before the first was
    // sent: a busy machine only makes it longer.
    const took = (rated.at(-1) as Run).from - begun;
    expect(took).toBeGreaterThan(((80 - 12) / 20) * 1_000);
  });

  test('a replica that was stopped does not go on with slots that others have taken', async () => {
    await cluster.untilShared('single/work', 1, 0);
    const [{ name }] = (await cluster.database.query<{ name: string }>(
      'SELECT name FROM shares JOIN replicas ON replicas.id = replica WHERE slots = 1 AND target = $1',
      'single/work',
    )) as [{ name: string }];
    const [holder, other] = name.endsWith(` ${replicas[0].pid}`) ? replicas : replicas.toReversed();
    process.kill((holder as Service).pid, 'SIGSTOP');
    await cluster.untilShared('single/work', 1);
    const ids = await tellMany(other as Service, 'single', 4, { ms: 400 });
    // They are answered when it wakes up.
    const late = tellMany(holder as Service, 'single', 4, { ms: 400 });
    await sleep(200);
    process.kill((holder as Service).pid, 'SIGCONT');
    ids.push(...(await late));
    await cluster.untilDone();
    const runs = cluster.runs('single').filter(({ id }) => ids.includes(id));
    expect(runs).toHaveLength(8);
    expect(mostAtOnce(cluster.runs('single'))).toBe(1);
  });
});
