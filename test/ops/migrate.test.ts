/** `consignee migrate`: an inbox that a real service filled goes to PostgreSQL whole, and a service there goes on with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rows, rowsOf, rowsOfFile } from '../fixtures/moving/rows.ts';
import { MOVING, OPEN, SECRETS, type Sent, setTheScene } from '../fixtures/moving/scene.ts';
import { runToEnd } from '../harness/command.ts';
import { deliver, numberOf, seen } from '../harness/deliver.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { type Service, startService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
let database: Database;
let place: string;
let sent: Sent;
let before: Rows;
let service: Service | undefined;

beforeAll(async () => {
  database = await freshDatabase();
  const { host, pathname } = new URL(database.url);
  place = `${host}${pathname}`;
  sent = await setTheScene(folder);
  before = rowsOfFile(path);
});
afterAll(async () => {
  await service?.kill('SIGKILL');
  await database.drop();
  rmSync(folder, { recursive: true });
});

function command(args: readonly string[], url = database.url) {
  const env = { ...SECRETS, DATABASE_URL: url };
  return runToEnd([...args, '--config', MOVING], { env, cwd: folder });
}
const migrate = (...args: string[]) => command(['migrate', ...args]);
const namesOf = (ids: readonly string[]) =>
  Object.keys(sent)
    .filter((name) => ids.includes(String(sent[name]?.id)))
    .sort();
const idOfRow = ({ event }: Readonly<Record<string, unknown>>) =>
  `evt_${Number(event).toString(16).padStart(14, '0')}`;

test('the scene has it all', () => {
  const states = Object.groupBy(before.work, ({ state }) => String(state));
  expect(namesOf((states.handling ?? []).map(idOfRow))).toEqual(['handling', 'handling, overtaken']);
  expect(namesOf((states.dead ?? []).map(idOfRow))).toEqual(['dead']);
  expect(namesOf((states.held ?? []).map(idOfRow))).toEqual(['conflict', 'empty', 'not JSON']);
  expect(before.work.some(({ behind, thing }) => behind && thing !== null)).toBe(true);
  expect(before.newest.some(({ at }) => Number(at) < 0)).toBe(true);
  expect(before.keys).toHaveLength(before.inbox.length + 1);
  expect(before.duplicates).toMatchObject([{ count: 1 }]);
  const kinds = new Set(before.tallies.map(({ step, kind }) => `${step} ${kind}`));
  expect([...kinds].sort()).toEqual(['1 attempt', '1 request', '60 attempt', '60 request']);
  expect(before.inbox.some(({ type }) => type === 'odd␀␀/ü😀')).toBe(true);
});

test('it says what has moved, and what to type next', async () => {
  const { code, output } = await migrate('--from', 'sqlite:inbox.db');
  expect([code, output]).toEqual([0, expect.any(String)]);
  const [first, ...rest] = output.split('\n');
  expect(first).toBe(
    `Moved ${before.keys.length} events from inbox.db to ${place}, with ${before.attempts.length} attempts and ${before.work.length} deliveries to do.`,
  );
  expect(rest.join('\n')).toContain('one event had been purged');
  expect(output).toMatch(/Now start the service:\n\n {2}npm start\n$/);
  expect(output).not.toContain(new URL(database.url).password);
});

test('every row is there, and none besides', async () => {
  expect(await rowsOf(database)).toEqual(before);
  expect(JSON.stringify(before)).not.toContain(Buffer.from('canary-in-a-body').toString('hex'));
  const owners = await database.query('SELECT state, owner FROM work WHERE owner IS NOT NULL');
  expect(owners.map(({ state }) => state)).toEqual(['handling', 'handling']);
  expect(await database.query("SELECT to_regclass('moving_work') AS name")).toEqual([{ name: null }]);
});

test('what the commands show of it is the same', async () => {
  const ids = Object.values(sent)
    .filter(({ id }) => id !== sent.purged?.id)
    .map(({ id }) => id);
  const shown = await command(['events', 'show', ...ids, '--json']);
  expect(shown.code).toBe(0);
  const bodies = shown.output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).body);
  expect(bodies).toHaveLength(ids.length);
  const verified = await command(['events', 'verify', '--all']);
  expect(verified).toMatchObject({
    code: 0,
    output: expect.stringContaining(`${ids.length} events: the bytes of ${ids.length} `),
  });
});

test('the old place is not opened any more, by whoever it is', async () => {
  const old = `sqlite:${path}`;
  for (const args of [
    ['serve'],
    ['events', 'list'],
    ['events', 'replay', String(sent.done?.id)],
    ['secret', 'show', 'jobs'],
  ]) {
    const { code, output } = await command(args, old);
    expect([args, code, output]).toEqual([
      args,
      78,
      expect.stringContaining(`which has moved to PostgreSQL at ${place}`),
    ]);
  }
  const check = await command(['check'], old);
  expect([check.code, check.output]).toEqual([
    1,
    expect.stringMatching(/^fail .*which has moved to PostgreSQL/m),
  ]);
  expect(rowsOfFile(path)).toEqual({ ...before, work: [] });
});

test('the second time there is nothing to do', async () => {
  const { code, output } = await migrate('--from', 'sqlite:inbox.db');
  expect([code, output]).toEqual([0, expect.stringContaining(`inbox.db has moved to ${place} already`)]);
  expect(await rowsOf(database)).toEqual(before);
});

test('a service there does what was left to do, once', async () => {
  const starts = () =>
    seen({ folder })
      .filter(({ what }) => what === 'start')
      .map(({ id }) => id);
  const ran = starts();
  service = await startService({ database: database.url, folder, config: MOVING, env: SECRETS });
  const left = async () =>
    (await database.query("SELECT event FROM work WHERE state IN ('pending', 'handling')")).map(idOfRow);
  for (const end = Date.now() + 15_000; Date.now() < end && (await left()).length > 1; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(namesOf(await left())).toEqual(['later']);
  const now = starts().slice(ran.length);
  expect(namesOf(now)).toEqual(OPEN.filter((name) => !['later', 'handling, overtaken'].includes(name)));
  // One of them was to fail once.
  expect(now).toHaveLength(namesOf(now).length + 1);
  const overtaken = await database.query(
    'SELECT outcome, error FROM attempts WHERE event = $1',
    numberOf(String(sent['handling, overtaken']?.id)),
  );
  expect(overtaken).toMatchObject([{ outcome: 'discarded', error: expect.stringContaining('overtaken') }]);
  const due = await database.query<{ due: number }>(
    'SELECT due FROM work WHERE event = $1',
    numberOf(String(sent.later?.id)),
  );
  expect(due[0]?.due).toBeGreaterThan(Date.now() + 3_000_000);
});

test('an item that was dead there is replayed here, by its own id', async () => {
  const id = `${sent.list?.id}-1`;
  const ran = seen({ folder }, id).length;
  expect(before.batches).toHaveLength(1);
  const { code, output } = await command(['events', 'replay', id]);
  expect([code, output]).toEqual([0, `${id}  goes to one handler again\n`]);
  await waitFor(
    () => seen({ folder }, id).length >= ran + 2,
    20_000,
    () => JSON.stringify(seen({ folder }, id)),
  );
  const shown = await command(['events', 'show', id]);
  expect(shown.output).toContain('#3  dead');
});

test('what it had before it knows again, by the same ids', async () => {
  for (const [name, { source, body, id }] of Object.entries(sent)) {
    const again = await deliver(service as Service, source, body);
    expect([name, again.status, again.outcome, again.id]).toEqual([name, 200, 'duplicate', id]);
  }
  const fresh = await deliver(service as Service, 'jobs', '{"id":"new","type":"told","steps":["ok"]}');
  expect(fresh.outcome).toBe('accepted');
  expect(numberOf(fresh.id)).toBeGreaterThan(Math.max(...before.keys.map(({ number }) => Number(number))));
  await waitFor(
    () => seen({ folder }, fresh.id).length > 1,
    20_000,
    () => (service as Service).output(),
  );
});
