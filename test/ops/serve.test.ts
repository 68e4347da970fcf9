/** `consignee serve`: its options, and what it says of itself once it runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useFolder } from '../harness/folder.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { startService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const { folder, consignee } = useFolder();
const ON = { FLEXPORT_WEBHOOK_SECRET: SECRET, PORT: '0', CONSOLE_PORT: '0', HOST: '127.0.0.1' };

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

test('to receive only and to dispatch only at once is a mistake', async () => {
  const { code, output } = await consignee(['serve', '--receive-only', '--dispatch-only'], ON);
  expect(code).toBe(64);
  expect(output).toMatch(/^consignee: --receive-only and --dispatch-only .*\n\nUsage: /);
  expect(existsSync(join(folder, 'data'))).toBe(false);
});

test.each(['--receive-only', '--dispatch-only'])(
  'an SQLite inbox has one owner, so %s does not start',
  async (option) => {
    const { code, output } = await consignee(['serve', option], ON);
    expect(code).toBe(78);
    expect(output).toMatch(
      new RegExp(`^  DATABASE_URL names an SQLite file, which one process .*${option}`, 'm'),
    );
    expect(output).toContain('postgres://');
    expect(existsSync(join(folder, 'data'))).toBe(false);
  },
);

test('a folder that cannot be made is told of with everything else', async () => {
  writeFileSync(join(folder, 'file'), '');
  const env = { ...ON, PORT: 'http', DATABASE_URL: database.url, DATA_DIR: 'file/data' };
  const { code, output } = await consignee(['serve'], env);
  expect(code).toBe(78);
  expect(output).toMatch(/^ {2}PORT is not /m);
  expect(output).toMatch(/^ {2}DATA_DIR names a folder that cannot be made \(ENOTDIR\)\./m);
});

test('a database of another program is left alone', async () => {
  const other = await freshDatabase();
  await other.query('CREATE TABLE inbox (mail text)');
  const { code, output } = await consignee(['serve'], { ...ON, DATABASE_URL: other.url });
  expect(code).toBe(78);
  const { host, pathname, password } = new URL(other.url);
  expect(output).toContain(`DATABASE_URL names PostgreSQL at ${host}${pathname}, `);
  expect(output).not.toContain(`:${password}@`);
  const tables = await other.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  expect(tables).toEqual([{ tablename: 'inbox' }]);
  await other.drop();
});

test.each([
  [[], 'both'],
  [['--receive-only'], 'receive'],
  [['--dispatch-only'], 'dispatch'],
])('with PostgreSQL %j is told, and the place without user and password', async (args, role) => {
  const service = await startService({
    database: database.url,
    args,
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET },
  });
  const { host, pathname, password } = new URL(database.url);
  const [ready] = service.lines().filter(({ msg }) => msg === 'ready');
  expect(ready).toMatchObject({ role, inbox: `${host}${pathname}` });
  expect(await service.stop()).toBe(0);
  expect(service.output()).not.toContain(`:${password}@`);
});

test('with --dev the screen names the ports in use, and ends with what to type next', async () => {
  const own = join(folder, 'dev');
  mkdirSync(own);
  writeFileSync(join(own, '.env'), `FLEXPORT_WEBHOOK_SECRET=${SECRET}\n`, { mode: 0o600 });
  const service = await startService({ args: ['--dev'], env: {}, folder: own });
  const { port, consolePort } = service;
  const output = await waitFor(
    () => service.output().endsWith('docs/first-webhook.md\n\n') && service.output(),
    20_000,
    service.output,
  );
  expect(output).toContain(`http://127.0.0.1:${port}/webhooks/flexport`);
  expect(output).toContain(`http://localhost:${consolePort}/metrics`);
  // A second terminal does not see the PORT of this one.
  expect(output.trimEnd().split('\n').at(-4)).toBe(`  npm run send -- --all --to http://127.0.0.1:${port}`);
  expect(output.indexOf('source is off')).toBeGreaterThan(0);
  expect(output.indexOf('source is off')).toBeLessThan(output.indexOf('Consignee is ready'));
  await service.stop();
});

test('the version is told by --version, and in the log of every start', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await consignee(['--version'])).toMatchObject({ code: 0, output: `${version}\n` });
  const service = await startService({ env: { FLEXPORT_WEBHOOK_SECRET: SECRET } });
  expect(service.lines().find(({ msg }) => msg === 'ready')).toMatchObject({ version });
  await service.stop();
});
