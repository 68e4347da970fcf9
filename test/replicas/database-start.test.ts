/** What a start on PostgreSQL waits for, that it says so and can be stopped meanwhile, and what it tries before it begins. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { examineDatabase } from '../../src/inbox/postgres/schema.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { run } from '../harness/command.ts';
import { deliver } from '../harness/deliver.ts';
import { freePort } from '../harness/free-port.ts';
import { clear, startEnduring } from '../harness/ledger.ts';
import { startPooler } from '../harness/pooler.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { bodyOf } from '../harness/sender.ts';
import { waitFor } from '../harness/waiting.ts';

const MIGRATION_LOCK = 0x4373_676e;
const PLACE = 'the test’s';

let database: Database;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

/** Another program, with a transaction that does not end before the test says so. */
async function hold(sql: string, ...values: unknown[]): Promise<Client> {
  const client = new Client({ connectionString: database.url, application_name: 'a backup' });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('BEGIN');
  await client.query(sql, values);
  return client;
}

/** What is told to whoever starts a service there. */
async function problemOf(preparing: Promise<void>): Promise<string> {
  const error = await preparing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

const holdMigrationLock = () => hold('SELECT pg_advisory_xact_lock($1)', MIGRATION_LOCK);

test('tables that are up to date wait for nobody who migrates', async () => {
  await prepareDatabase(database.url, PLACE);
  await holdMigrationLock();
  const said: string[] = [];
  await prepareDatabase(database.url, PLACE, { say: (text) => said.push(text) });
  expect(said).toEqual([]);
});

test('a start that waits says what for, in the end gives up, and has changed nothing', async () => {
  await holdMigrationLock();
  const said: string[] = [];
  const preparing = prepareDatabase(database.url, PLACE, { patienceMs: 300, say: (text) => said.push(text) });
  expect(await problemOf(preparing)).toMatch(
    /where the tables cannot be made \(.*lock timeout\): the start has waited for a lock that a backup has \(process \d+ of the server/,
  );
  expect(said[0]).toMatch(/^a lock that a backup has \(process \d+ of the server, at work for \d+ s\)$/);
  expect(await database.query("SELECT FROM pg_class WHERE relname IN ('meta', 'inbox')")).toEqual([]);
});

test('a service that waits for the database says so, and can be stopped', async () => {
  await holdMigrationLock();
  const child = run(['serve', '--config', join(ROOT, 'test/fixtures/enduring')], {
    env: {
      DATABASE_URL: database.url,
      PORT: '0',
      CONSOLE_PORT: '0',
      HOST: '127.0.0.1',
      JOBS_WEBHOOK_SECRET: SECRET,
      THINGS_WEBHOOK_SECRET: SECRET,
    },
  });
  const ended = once(child.process, 'close');
  const waits = () =>
    child
      .lines()
      .find(({ msg }) => /cannot be opened yet: waiting for a lock that a backup/.test(String(msg)));
  await waitFor(waits, 30_000, child.output);
  child.process.kill('SIGTERM');
  const [code] = await ended;
  expect([code, child.output()]).toEqual([
    0,
    expect.stringContaining('SIGTERM has come before the service was ready'),
  ]);
  expect(await database.query("SELECT FROM pg_class WHERE relname = 'inbox'")).toEqual([]);
});

/** As the first release made it. */
async function makeFirstSchema(): Promise<void> {
  const folder = join(ROOT, 'src/inbox/postgres/migrations');
  await database.query(readFileSync(join(folder, '0001-inbox.sql'), 'utf8'));
  await database.query("INSERT INTO meta VALUES ('inbox', 'an-inbox-of-old'), ('schema', '1')");
}

test('while a migration waits for a long transaction, nobody has to wait behind it', async () => {
  await makeFirstSchema();
  const long = await hold('SELECT FROM rests');
  let looks = 0;
  const waits = Promise.withResolvers<void>();
  const migrating = prepareDatabase(database.url, PLACE, { say: () => waits.resolve() });
  await waits.promise;
  for (const end = performance.now() + 1_500; performance.now() < end; looks++) {
    await database.query("SET lock_timeout = '1s'; SELECT FROM rests");
  }
  expect(looks).toBeGreaterThan(3);
  await long.query('COMMIT');
  await migrating;
  expect(await database.query('SELECT failures, openings, trial FROM rests')).toEqual([]);
  expect((await examineDatabase(database.url, PLACE)).problem).toBeUndefined();
});

test('a table that is locked at the start is waited for', async () => {
  await prepareDatabase(database.url, PLACE);
  await hold('LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE');
  expect(await problemOf(prepareDatabase(database.url, PLACE, { patienceMs: 200 }))).toMatch(
    /the start has waited for a lock that a backup has .*\. Something holds its tables/,
  );
});

test('a pooler that lends its sessions out is refused by name, before anything is made', async () => {
  const pooler = await startPooler(database.url);
  onTestFinished(pooler.stop);
  expect(await problemOf(prepareDatabase(pooler.url, PLACE))).toMatch(
    /which is a pooler that lends out sessions: .*\. Use pool_mode = session in PgBouncer/,
  );
  expect(await database.query("SELECT FROM pg_class WHERE relname IN ('meta', 'inbox')")).toEqual([]);
});

/** The same server, without something that the inbox needs. */
async function without(word: string): Promise<string> {
  const { port: target } = new URL(database.url);
  const proxy = createServer((near) => {
    const far = dial(Number(target), '127.0.0.1');
    far.pipe(near);
    near.on('data', (bytes) =>
      far.write(bytes.toString('latin1').replaceAll(word, `x${word.slice(1)}`), 'latin1'),
    );
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      socket.on('close', () => (socket === near ? far : near).destroy());
    }
  });
  const port = await freePort();
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  return Object.assign(new URL(database.url), { port: String(port) }).href;
}

test.each(['ctid', 'SKIP LOCKED'])(
  'a database that has no %s is refused, and nothing is left of the trial',
  async (word) => {
    expect(await problemOf(prepareDatabase(await without(word), PLACE))).toMatch(
      /which does not do what Consignee asks of it \(.*\)\. Use PostgreSQL 15 or later itself/,
    );
    for (const table of ['keys', 'inbox', 'work', 'attempts']) {
      expect(await database.query(`SELECT FROM ${table}`)).toEqual([]);
    }
  },
);

test.each([
  [
    'GRANT SELECT ON ALL TABLES IN SCHEMA public TO',
    '',
    /\(permission denied for table keys\)\. Let the role create/,
  ],
  [
    'GRANT ALL ON ALL TABLES IN SCHEMA public TO',
    'SET default_transaction_read_only = on',
    /transactions are read-only: .*default_transaction_read_only = off/,
  ],
])('a role that may only read is told what it lacks: %s, %s', async (grant, setting, says) => {
  await prepareDatabase(database.url, PLACE);
  const role = `reader_${process.pid}_${setting.length}`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a-password-of-a-reader'; ${grant} ${role}`);
  if (setting) await database.query(`ALTER ROLE ${role} ${setting}`);
  const url = database.url.replace(/\/\/.*@/, `//${role}:a-password-of-a-reader@`);
  try {
    expect(await problemOf(prepareDatabase(url, PLACE))).toMatch(says);
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('two that start at once on an old schema both come up', async () => {
  await makeFirstSchema();
  const services = await Promise.all([startEnduring(database.url), startEnduring(database.url)]);
  onTestFinished(async () => void (await Promise.all(services.map(clear))));
  for (const [nth, service] of services.entries()) {
    expect((await deliver(service, 'jobs', bodyOf(nth))).status).toBe(200);
  }
  expect(await database.query('SELECT count(*) FROM inbox')).toEqual([{ count: 2 }]);
});
