/** The same event at several replicas at the same moment: kept once, handled once, and everybody gets the right answer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodyOf, Cluster } from '../harness/cluster.ts';
import { type Answer, deliver } from '../harness/deliver.ts';
import type { Service } from '../harness/service.ts';

const ROUNDS = 60;

let cluster: Cluster;
let started: Promise<[Service, Service]> | undefined;
beforeAll(async () => {
  cluster = await Cluster.make();
});
const startedTwo = () => {
  started ??= cluster.startTwo();
  return started;
};
afterAll(() => cluster.close());

/** The ids of what is kept beyond that many events, in the order of their numbers. */
async function kept(before: number): Promise<string[]> {
  const rows = await cluster.database.query<{ id: string }>(
    "SELECT 'evt_' || lpad(to_hex(number), 14, '0') AS id FROM inbox ORDER BY number",
  );
  return rows.slice(before).map(({ id }) => id);
}

test('of two that come at the same instant one is accepted, the other its duplicate', async () => {
  const replicas = await startedTwo();
  const ids: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const body = bodyOf({});
    const answers = await Promise.all(replicas.map((replica) => deliver(replica, 'jobs', body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'duplicate']);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    ids.push((answers[0] as Answer).id);
  }
  await cluster.untilDone();
  expect(await kept(0)).toEqual(ids);
  expect(
    cluster
      .runs()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(ids.sort());
});

test('two bodies under one id: one is accepted, the other held, each with its duplicate', async () => {
  const replicas = await startedTwo();
  const before = (await kept(0)).length;
  for (let round = 0; round < ROUNDS / 4; round++) {
    const id = `conflict-${round}`;
    const bodies = ['{"id":"X","said":1}', '{"id":"X","said":2}'].map((body) => body.replace('X', id));
    const sent = replicas.flatMap((replica) => bodies.map((body) => deliver(replica, 'jobs', body)));
    const answers = await Promise.all(sent);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    // What is held is answered as accepted.
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual([
      'accepted',
      'accepted',
      'duplicate',
      'duplicate',
    ]);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(2);
  }
  const held = await cluster.database.query('SELECT held FROM inbox WHERE held IS NOT NULL');
  expect(held).toHaveLength(ROUNDS / 4);
  expect(await kept(before)).toHaveLength(ROUNDS / 2);
  // They wait for a person, and those below wait until nothing is to do.
  await cluster.database.query("DELETE FROM work WHERE state = 'held'");
});

test.each(['jobs', 'states'])(
  'batches that overlap, each in an order of its own, never stand in each other’s way: %s',
  async (source) => {
    const replicas = await startedTwo();
    const before = (await kept(0)).length;
    const all: { body: string; answers: Answer[] }[] = [];
    for (let round = 0; round < 8; round++) {
      const bodies = Array.from({ length: 40 }, (_, at) => bodyOf({ thing: `thing-${at % 7}`, at: at + 1 }));
      const answers = await Promise.all(
        replicas.map((replica) => deliverAll(replica, source, shuffle(bodies))),
      );
      for (const body of bodies) {
        all.push({ body, answers: answers.map((ofOne) => ofOne.get(body) as Answer) });
      }
    }
    for (const { answers } of all) {
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'duplicate']);
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    }
    await cluster.untilDone();
    const ids = all.map(({ answers }) => answers[0]?.id);
    expect(await kept(before)).toEqual(ids.sort());
    for (const replica of replicas) expect(replica.output()).not.toContain('deadlock');
  },
);

async function deliverAll(replica: Service, source: string, bodies: readonly string[]) {
  const answers = bodies.map(async (body) => [body, await deliver(replica, source, body)] as const);
  return new Map(await Promise.all(answers));
}

function shuffle<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
