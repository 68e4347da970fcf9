/** Circuit breakers of replicas on one database: what one finds out holds for all, and one of them tries the target. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery, Inbox } from '../../src/inbox/contract.ts';
import { workThrough } from '../../src/inbox/messages.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { arrival, eventually, fresh, Hands, openAt, SOURCES } from './driver.ts';

interface Replica {
  readonly inbox: Inbox;
  readonly hands: Hands;
}

let database: Database;
let replicas: [Replica, Replica];
let all: Inbox[];

beforeEach(async () => {
  database = await freshDatabase();
  all = [];
  replicas = [await open(), await open()];
  for (const { hands } of replicas) hands.grant({ 'one/a': 8 });
  await eventually(async () => {
    const shares = await database.query<{ slots: number }>('SELECT slots FROM shares');
    return shares.length === 2 && shares.every(({ slots }) => slots === 4);
  });
});
afterEach(async () => {
  await Promise.all(all.map((inbox) => inbox.close()));
  await database.drop();
});

async function open(): Promise<Replica> {
  const place = 'the test’s';
  const inbox = await openAt({ kind: 'postgres', url: database.url, place }, SOURCES, { leaseMs: 5_000 });
  all.push(inbox);
  return { inbox, hands: new Hands(workThrough(inbox.workPort())) };
}

const until = (look: () => boolean) => eventually(async () => look());
const got = () => replicas.flatMap(({ hands }) => hands.got);
const keep = ({ inbox }: Replica) => inbox.keep(arrival('one', fresh()));
const isResting = async ({ inbox }: Replica) => (await inbox.status()).resting.includes('one/a');
const rows = () => database.query('SELECT failures, openings, trial FROM rests');

function settle(delivery: Delivery, ...[state, more]: [Parameters<Hands['settle']>[1], object?]) {
  const holder = replicas.find(({ hands }) => hands.got.includes(delivery)) as Replica;
  holder.hands.settle(delivery, state, more);
}

async function openCircuit(restMs: number): Promise<void> {
  await keep(replicas[0]);
  await until(() => got().length === 1);
  settle(got()[0] as Delivery, 'pending', { due: Date.now() + 60_000, unavailable: { restMs } });
  await eventually(async () => (await isResting(replicas[0])) && (await isResting(replicas[1])));
}

test('after a rest one replica tries the target with one event, whichever have more', async () => {
  const before = performance.now();
  await openCircuit(1_500);
  for (const replica of replicas) for (let count = 0; count < 3; count++) await keep(replica);
  await until(() => got().length === 2);
  // The machine may be slower, never faster.
  expect(performance.now() - before).toBeGreaterThan(1_450);
  // Long enough for the other one to have looked for work.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(got()).toHaveLength(2);
  expect(await rows()).toMatchObject([{ openings: 1, trial: expect.any(Number) }]);

  const tried = got().find(({ attempt, event }) => attempt === 1 && event !== got()[0]?.event) as Delivery;
  settle(tried, 'done');
  await until(() => got().length === 7);
  expect(await rows()).toEqual([]);
  for (const replica of replicas) expect(await isResting(replica)).toBe(false);
});

test('failures in a row are counted over all replicas', async () => {
  const seen = new Set<Delivery>();
  const fail = async (replica: Replica, known: object) => {
    for (;;) {
      await keep(replica);
      const unseen = () => got().find((delivery) => !seen.has(delivery));
      await until(() => unseen() !== undefined);
      const delivery = unseen() as Delivery;
      seen.add(delivery);
      // What the other one has got stays with it: an attempt that ends in another way would end the row.
      if (!replica.hands.got.includes(delivery)) continue;
      settle(delivery, 'pending', { due: Date.now() + 60_000, unavailable: {} });
      break;
    }
    await expect.poll(rows).toEqual([known]);
  };
  await fail(replicas[0], { failures: 1, openings: 0, trial: null });
  await fail(replicas[1], { failures: 2, openings: 0, trial: null });
  await fail(replicas[0], { failures: 3, openings: 1, trial: null });
  await eventually(() => isResting(replicas[1]));
});

test('the trial of a replica that goes is another one’s', async () => {
  await openCircuit(300);
  const [opened] = got();
  for (const replica of replicas) await keep(replica);
  await until(() => got().length === 2);
  // Either of them may have had the event that opened it.
  const [first, other] = replicas;
  const isTrying = first.hands.got.some((delivery) => delivery !== opened);
  const [trying, waiting] = isTrying ? [first, other] : [other, first];
  expect(await trying.inbox.recover({ ended: 'inbox', reason: 'the test says so' })).toHaveLength(1);
  await trying.inbox.close();
  all = [waiting.inbox];
  await until(() => got().length === 3);
  expect(waiting.hands.got.length).toBeGreaterThan(0);
});

test('what the replicas know outlives them', async () => {
  await openCircuit(60_000);
  await Promise.all(all.map((inbox) => inbox.close()));
  all = [];
  const next = await open();
  expect(await isResting(next)).toBe(true);
});
