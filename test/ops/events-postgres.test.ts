/** `consignee events` on PostgreSQL: the words it has for a file, and what several replicas bring with them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { fillDatabase, fillFile, insertRow } from '../fixtures/filled/fill.ts';
import { CONTENT, eventRow, keyOf, numberAt } from '../fixtures/filled/rows.ts';
import { run } from '../harness/command.ts';
import { SECRETS, WIRING } from '../harness/deliver.ts';
import { type Ended, useFolder } from '../harness/folder.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { waitFor } from '../harness/waiting.ts';

const { consignee } = useFolder();
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
let database: Database;
let env: Record<string, string>;

beforeAll(async () => {
  database = await freshDatabase();
  fillFile(path, CONTENT);
  await fillDatabase(database, CONTENT);
  env = { ...SECRETS, DATABASE_URL: database.url, CONSOLE_PORT: '1' };
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const events = (...args: string[]): Promise<Ended> => consignee(['events', ...args, '--config', WIRING], env);
const idAt = (at: number) => idOf(numberAt(at));

test.each(
  [
    ['list'],
    ['list', '--json', '--limit', '4'],
    ['list', '--state', 'dead'],
    ['list', '--state', 'done', '--source', 'jobs'],
    ['list', '--type', 'nothing'],
    ['show', idAt(1)],
    ['show', idAt(4), idAt(5), '--json'],
    ['show', idAt(3), '--body'],
    ['show', 'evt_00000000000001'],
    ['verify', idAt(1), idAt(8)],
    ['verify', '--all'],
    ['verify', '--all', '--json'],
    ['verify', 'evt_00000000000001'],
    ['replay', 'evt_00000000000001'],
    ['replay', idAt(1), '--handler', 'jobs/none'],
    ['discard', idAt(6)],
    ['discard', '--state', 'held', '--type', 'nothing'],
  ].map((args) => [args.join(' '), args] as const),
)('the words are those for a file: %s', async (_title, args) => {
  const asked = ['events', ...args, '--config', WIRING];
  const ofFile = await consignee(asked, { ...env, DATABASE_URL: `sqlite:${path}` });
  const there = await consignee(asked, env);
  expect(there).toEqual(ofFile);
  expect(there.output.length).toBeGreaterThan(5);
});

test('an order is carried out by the command itself, as it would be in a file', async () => {
  const orders = [
    ['replay', idAt(1), idAt(4), '--json'],
    ['discard', '--state', 'held', '--handler', 'pair/one', '--yes'],
    ['replay', '--state', 'done', '--dry-run'],
    ['replay', '--state', 'dead', '--type', 't*', '--dry-run', '--json'],
    ['discard', idAt(3)],
    ['discard', idAt(3)],
  ];
  for (const order of orders) {
    const asked = ['events', ...order, '--config', WIRING];
    const ofFile = await consignee(asked, { ...env, DATABASE_URL: `sqlite:${path}` });
    expect(await consignee(asked, env)).toEqual(ofFile);
    expect(ofFile.code).toBe(0);
  }
  const work = await database.query('SELECT event, state, attempts FROM work WHERE event = ANY ($1)', [
    numberAt(1),
    numberAt(3),
    numberAt(4),
  ]);
  expect(work.map(({ event, state }) => [event, state]).sort()).toEqual([
    [numberAt(1), 'pending'],
    [numberAt(4), 'pending'],
  ]);
});

test('of an event past its retention the command says so', async () => {
  const gone = eventRow(-5);
  await insertRow(database, 'keys', { ...keyOf(gone) });
  const id = idOf(gone.number);
  const shown = await events('show', id);
  expect(shown).toMatchObject({ code: 0, output: expect.stringContaining('purged') });
  expect(shown.output).toContain(new Date(gone.received_at).toISOString());
  expect((await events('show', id, '--body')).output).toBe('');
  expect((await events('show', id, '--json')).records).toMatchObject([{ id, purged: true }]);
  expect(await events('replay', id)).toMatchObject({ code: 1, output: expect.stringContaining('purged') });
  expect(await events('verify', id)).toMatchObject({ code: 1, output: expect.stringContaining('purged') });
});

test('tail shows what comes to light late, once, and nothing that was there before', async () => {
  const tail = run(['events', 'tail', '--json', '--source', 'jobs', '--config', WIRING], { env });
  const came = async (at: number, source = 'jobs') => {
    await insertRow(database, 'inbox', { ...eventRow(at, { source }) });
    return idAt(at);
  };
  const shown = () => tail.lines().map(({ id }) => id);
  const untilShown = (id: string) => waitFor(() => shown().includes(id), 20_000, tail.output);
  // It says nothing until something comes: events are sent until it does.
  const sent: string[] = [];
  for (let at = 100; tail.lines().length === 0 && at < 300; at++) {
    sent.push(await came(at));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const later = [await came(400), await came(395), await came(399, 'quiet'), await came(380)];
  await untilShown(idAt(380));
  // Beyond what can be late.
  await came(310);
  const last = await came(401);
  await untilShown(last);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  tail.process.kill('SIGTERM');
  expect(new Set(shown()).size).toBe(shown().length);
  expect(shown()).toEqual(expect.arrayContaining([idAt(400), idAt(395), idAt(380), last]));
  expect([...sent, ...later, last]).toEqual(expect.arrayContaining(shown()));
  expect(shown()).not.toContain(idAt(399));
  expect(shown()).not.toContain(idAt(310));
});

test('where there is no inbox yet, or no database, the command names the place, never the password', async () => {
  const empty = await freshDatabase();
  const { host, password, pathname } = new URL(empty.url);
  const none = await consignee(['events', 'list'], { ...env, DATABASE_URL: empty.url });
  const says = `consignee: there is no inbox at ${host}${pathname} yet: it is made when the service first starts\n`;
  expect(none).toMatchObject({ code: 1, output: says });
  await empty.drop();
  const gone = await consignee(['events', 'list'], { ...env, DATABASE_URL: empty.url });
  expect(gone).toMatchObject({
    code: 1,
    output: expect.stringContaining(`PostgreSQL at ${host}${pathname} `),
  });
  expect(gone.output).not.toContain(`:${password}@`);
  expect(gone.output).not.toMatch(/^ +at /m);
});

test('secret show knows of uses, and refused requests are of this machine', async () => {
  const { code, output } = await consignee(['secret', 'show', 'jobs', '--config', WIRING], env);
  expect([code, output]).toEqual([0, expect.stringContaining('not used yet')]);
  const refused = await events('refused', 'list');
  expect([refused.code, refused.output]).toEqual([0, 'No refused requests are kept.\n']);
});
