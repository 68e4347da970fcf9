/** A backlog that cannot be counted in the time that a statement has: it is counted aside, and what was found is kept. */
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { Backlogs } from '../../src/inbox/postgres/backlog.ts';
import { eventually } from './driver.ts';
import { preparedForEach } from './prepared.ts';

const opened = preparedForEach();

/** While it is locked nobody can count it. */
async function lockWork(): Promise<Client> {
  const locker = new Client({ connectionString: opened.database.url });
  locker.on('error', () => {});
  await locker.connect();
  onTestFinished(() => locker.end());
  await locker.query('BEGIN; LOCK TABLE work IN ACCESS EXCLUSIVE MODE');
  return locker;
}

const insert = (event: number, state: string) =>
  opened.database.query("INSERT INTO work VALUES ($1, 'one/a', $2, 0, 0, false, false)", event, state);

test('who asks is told that it is being counted, and from then on what was counted last, by every replica', async () => {
  const [one, other] = [0, 1].map(() => new Backlogs(opened.pool, opened.database.url)) as [
    Backlogs,
    Backlogs,
  ];
  await insert(7, 'pending');
  await insert(5, 'pending');
  await insert(6, 'dead');
  const counts = [
    { handler: 'one/a', state: 'dead', count: 1, oldest: 6, since: null },
    { handler: 'one/a', state: 'pending', count: 2, oldest: 5, since: null },
  ];
  expect(await one.read()).toEqual(counts);
  const kept = () => opened.database.query("SELECT value FROM meta WHERE key = 'backlog'");
  expect(await kept()).toEqual([]);

  const locker = await lockWork();
  await expect(one.read()).rejects.toThrow('what waits is still being counted');
  await locker.end();
  await eventually(async () => (await kept()).length === 1);
  await lockWork();
  expect(await one.read()).toEqual(counts);
  expect(await other.read()).toEqual(counts);
});

test('once it can be counted again at once, it is', async () => {
  const old = { counts: [], tookMs: 1, countedAt: 0 };
  await opened.database.query("INSERT INTO meta VALUES ('backlog', $1)", JSON.stringify(old));
  await insert(8, 'held');
  const backlogs = new Backlogs(opened.pool, opened.database.url);
  expect(await backlogs.read()).toEqual([
    { handler: 'one/a', state: 'held', count: 1, oldest: 8, since: null },
  ]);
  expect(await opened.database.query("SELECT FROM meta WHERE key = 'backlog'")).toEqual([]);
});
