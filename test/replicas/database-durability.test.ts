/** The server is changed while the service runs: what is answered with 200 is on its disk, or it is not answered with 200. */
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { deliver } from '../harness/deliver.ts';
import { clear, startEnduring } from '../harness/ledger.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { bodyOf } from '../harness/sender.ts';
import type { Service } from '../harness/service.ts';

const OURS = "datname = current_database() AND application_name = 'consignee'";

let server: PostgresServer;
let service: Service;
let name: string;
let made = 0;
beforeAll(async () => {
  // What is not synced is written when ten seconds have passed: a crash before that loses it.
  server = await startPostgres({ flags: ['wal_writer_delay=10s'] });
});
afterAll(() => server.stop('immediate'));
beforeEach(async () => {
  name = `inbox_${++made}`;
  await server.query('postgres', `CREATE DATABASE ${name}`);
  service = await startEnduring(server.url(name));
  onTestFinished(() => clear(service));
});

const ask = (sql: string) => server.query(name, sql);
const readiness = async () => (await fetch(`${service.url}/readyz`)).status;

async function expectKeptThroughCrash(count: number): Promise<void> {
  const answers = [];
  for (let nth = 1; nth <= count; nth++) answers.push(await deliver(service, 'jobs', bodyOf(nth)));
  await server.restart('immediate');
  expect(answers.map(({ status }) => status)).toEqual(Array(count).fill(200));
  const stored = await server.query<{ id: string }>(name, 'SELECT id FROM events ORDER BY id');
  expect(stored.map(({ id }) => id)).toEqual(answers.map(({ id }) => id));
}

/** By a reload; without a value, as it is by default. */
async function set(setting: string, value?: string): Promise<void> {
  await ask(value === undefined ? `ALTER SYSTEM RESET ${setting}` : `ALTER SYSTEM SET ${setting} = ${value}`);
  await ask('SELECT pg_reload_conf()');
  await expect.poll(() => ask(`SHOW ${setting}`)).toEqual([{ [setting]: value ?? 'on' }]);
}

test('synchronous_commit that is switched off by a reload loses nothing', async () => {
  onTestFinished(() => set('synchronous_commit'));
  await set('synchronous_commit', 'off');
  await expectKeptThroughCrash(5);
});

test('nor does it if the database has it off, for connections that are made anew', async () => {
  await ask(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`);
  await expect.poll(async () => (await deliver(service, 'jobs', bodyOf(0))).status).toBe(200);
  await ask('TRUNCATE inbox');
  await expectKeptThroughCrash(5);
});

test('fsync that is switched off is noticed on the connections that are open: not ready until it is on again', async () => {
  onTestFinished(() => set('fsync'));
  await set('fsync', 'off');
  const said = await service.line(({ msg }) => msg === 'the inbox does not take writes');
  expect(said.reason).toMatch(/^it is a database which has fsync off: .* could be lost\. Set fsync = on/);
  expect(await readiness()).toBe(503);
  expect(await deliver(service, 'jobs', bodyOf(1))).toMatchObject({ status: 503, retryAfter: '5' });
  expect(await ask('SELECT FROM inbox')).toEqual([]);
  await set('fsync');
  await expect.poll(readiness).toBe(200);
  expect((await deliver(service, 'jobs', bodyOf(2))).status).toBe(200);
});
