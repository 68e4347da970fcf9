/** Partitions of a PostgreSQL inbox: made ahead, dropped as a whole, and nothing that still has work goes with them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Inbox } from '../../src/inbox/contract.ts';
import { workThrough } from '../../src/inbox/messages.ts';
import { connect } from '../../src/inbox/postgres/connection.ts';
import { renewPartitions } from '../../src/inbox/postgres/partitions.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { waitFor } from '../harness/waiting.ts';
import { arrival, fresh, Hands, openAt, SOURCES } from './driver.ts';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => Date.now() - days * DAY_MS;

let database: Database;
let inbox: Inbox;
let hands: Hands;

beforeEach(async () => {
  database = await freshDatabase();
  inbox = await openAt({ kind: 'postgres', url: database.url, place: 'the test’s' }, SOURCES, {
    partitionDays: 1,
  });
  hands = new Hands(workThrough(inbox.workPort()));
});
afterEach(async () => {
  await inbox.close();
  await database.drop();
});

const partitions = async (of: string) =>
  (
    await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = $1::regclass ORDER BY relname`,
      of,
    )
  ).map(({ name }) => name);

/** As a replica would have done so many days ago. */
async function renewDaysAgo(days: number): Promise<void> {
  const client = await connect(database.url);
  await renewPartitions(client, 1, 0, daysAgo(days));
  await client.end();
}

const bodies = async () =>
  (
    await database.query<{ body: string }>(
      "SELECT convert_from(body, 'UTF8') AS body FROM inbox ORDER BY number",
    )
  ).map(({ body }) => body);

test('they are made for the days to come, once, and events go into them', async () => {
  await inbox.purge(daysAgo(30), daysAgo(60));
  const made = await partitions('inbox');
  expect(made.length).toBeGreaterThanOrEqual(3);
  expect(made).toContain('inbox_rest');
  expect(await partitions('attempts')).toEqual(made.map((name) => name.replace('inbox', 'attempts')));
  await inbox.purge(daysAgo(30), daysAgo(60));
  expect(await partitions('inbox')).toEqual(made);
  const [today, later] = [fresh(), fresh()];
  await inbox.keep(arrival('still', today));
  await inbox.keep(arrival('still', later, Date.now() + 2 * DAY_MS));
  const where = await database.query<{ name: string }>(
    'SELECT tableoid::regclass::text AS name FROM inbox ORDER BY number',
  );
  expect(where[0]?.name).toBe('inbox_rest');
  expect(where[1]?.name).toMatch(/^inbox_\d{8}$/);
});

test('what is past its retention goes as a whole, but for what still has work', async () => {
  await renewDaysAgo(45);
  const before = await partitions('inbox');
  hands.grant({ 'one/a': 2 });
  const [done, dead, held, young] = [fresh(), fresh(), 'not json', fresh()];
  const first = await inbox.keep(arrival('one', done, daysAgo(43)));
  await inbox.keep(arrival('one', dead, daysAgo(43)));
  await inbox.keep(arrival('one', held, daysAgo(43)));
  await inbox.keep(arrival('still', young));
  await hands.take(2);
  for (const delivery of hands.got)
    hands.settle(delivery, delivery.id === first.id ? 'done' : 'dead', { error: 'Error: no' });
  const attempts = () => database.query('SELECT outcome FROM attempts ORDER BY outcome');
  await waitForAsync(async () => (await attempts()).length === 2);
  const step = await inbox.purge(daysAgo(30), daysAgo(60));
  // One of three: the others have work, and stay.
  expect(step).toEqual({ removed: 1, more: false });
  expect(await bodies()).toEqual([dead, held, young]);
  const after = await partitions('inbox');
  expect(before.filter((name) => name !== 'inbox_rest').some((name) => after.includes(name))).toBe(false);
  expect(await attempts()).toEqual([{ outcome: 'dead' }]);
  expect(await inbox.keep(arrival('one', done))).toEqual({ outcome: 'duplicate', id: first.id });
  const where = await database.query<{ name: string }>(
    'SELECT DISTINCT tableoid::regclass::text AS name FROM inbox',
  );
  expect(where).toEqual([{ name: 'inbox_rest' }]);
});

test('a batch of which one item is open stays with all its record, and its items that are in the next partition too', async () => {
  await renewDaysAgo(45);
  hands.grant({ 'lists/each': 200, 'lists/whole': 2 });
  // Just before midnight: the last of its items have numbers of the next day.
  const midnight = Math.floor(daysAgo(43) / DAY_MS) * DAY_MS - 1;
  const list = (mark: string) =>
    JSON.stringify({ mark, list: Array.from({ length: 100 }, (_, id) => ({ id })) });
  const open = await inbox.keep(arrival('lists', list('open'), midnight));
  await inbox.keep(arrival('lists', list('over'), midnight));
  await hands.take(202);
  for (const one of hands.got) hands.settle(one, one.id === `${open.id}-99` ? 'dead' : 'done');
  const attempts = async () => Number((await database.query('SELECT count(*) FROM attempts'))[0]?.count);
  await waitForAsync(async () => (await attempts()) === 202);
  await inbox.purge(daysAgo(30), daysAgo(60));
  expect(await bodies()).toEqual([list('open')]);
  expect(await attempts()).toBe(101);
  expect(await database.query('SELECT event FROM batches')).toHaveLength(1);
  expect(
    await inbox.order({
      action: 'replay',
      event: hands.got.find(({ id }) => id === `${open.id}-99`)?.event ?? 0,
    }),
  ).toBe(1);
  expect((await hands.take(203)).id).toBe(`${open.id}-99`);
});

test('a promise that somebody left behind who died is taken back before it refuses events', async () => {
  await database.query(
    'ALTER TABLE inbox_rest ADD CONSTRAINT inbox_rest_before CHECK (number < 5) NOT VALID',
  );
  await expect(inbox.keep(arrival('still', fresh()))).rejects.toThrow();
  await inbox.purge(daysAgo(30), daysAgo(60));
  const body = fresh();
  // As soon as a probe has shown that nothing is refused any more.
  const keep = () => inbox.keep(arrival('still', body)).catch(() => undefined);
  await waitForAsync(async () => (await keep())?.outcome === 'accepted');
  expect(await bodies()).toEqual([body]);
});

async function waitForAsync(look: () => Promise<boolean>): Promise<void> {
  let found = false;
  const looking = (async () => {
    for (; !found; await new Promise((resolve) => setTimeout(resolve, 50))) found = await look();
  })();
  await waitFor(
    () => found,
    20_000,
    () => 'it did not come to that',
  );
  await looking;
}
