/** `consignee check`: each finding, its exit code, and never a value. */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { SECRET, startService } from '../service.ts';
import { useFolder } from './folder.ts';

const { folder, consignee } = useFolder();
const ENV_FILE = join(folder, '.env');
const GOOD = { SHIPPO_WEBHOOK_SECRET: SECRET, REQUIRE_HTTPS: 'true', TRUST_PROXY: 'loopback' };

beforeEach(() => {
  for (const name of ['.env', '.git', '.gitignore', 'data']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
});

async function check(env: Record<string, string>) {
  const { code, records, output } = await consignee(['check', '--json'], env);
  expect(output).not.toContain(SECRET);
  expect(records.every(({ verdict }) => ['pass', 'warn', 'fail'].includes(String(verdict)))).toBe(true);
  const of = (subject: string) => records.filter((record) => record.subject === subject);
  return {
    code,
    of,
    failures: records.filter(({ verdict }) => verdict === 'fail').map(({ subject }) => subject),
  };
}

test('a sound configuration passes, for people and for machines', async () => {
  const { code, of, failures } = await check(GOOD);
  expect([code, failures]).toEqual([0, []]);
  expect(of('shippo')).toMatchObject([{ verdict: 'pass', says: '/webhooks/shippo verifies hmac' }]);
  expect(of('flexport')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('FLEXPORT_WEBHOOK_SECRET') },
  ]);
  expect(of('inbox')).toMatchObject([{ verdict: 'pass' }]);
  expect(of('disk')).toHaveLength(1);
  const { output } = await consignee(['check'], GOOD);
  expect(output).toMatch(/\nNothing fails\.\n$/);
  expect(output).not.toContain(SECRET);
});

test('every problem of the settings is a failure, all of them at once', async () => {
  const { code, failures } = await check({
    ...GOOD,
    FLINTN_WEBHOOK_SECRET: 'changeme',
    PORT: 'http',
    TRUST_PROXY: 'true',
  });
  expect(code).toBe(1);
  expect(failures).toEqual(expect.arrayContaining(['FLINTN_WEBHOOK_SECRET', 'PORT', 'TRUST_PROXY']));
  const { output } = await consignee(['check'], { ...GOOD, PORT: 'http' });
  expect(output).toMatch(/\n1 of \d+ fail\.\n$/);
});

test('a short secret and one that two sources share are warnings', async () => {
  const { code, of } = await check({
    ...GOOD,
    FLINTN_WEBHOOK_SECRET: SECRET,
    FLEXPORT_WEBHOOK_SECRET: 'quite-short-7Hq2',
  });
  expect(code).toBe(0);
  expect(of('flintn')).toMatchObject([
    { verdict: 'pass' },
    { verdict: 'warn', says: expect.stringContaining('shippo') },
  ]);
  expect(of('FLEXPORT_WEBHOOK_SECRET')).toMatchObject([{ verdict: 'warn' }]);
});

test('webhooks without TLS are a warning, and in production a failure', async () => {
  const { REQUIRE_HTTPS, ...open } = GOOD;
  expect((await check(open)).of('REQUIRE_HTTPS')).toMatchObject([{ verdict: 'warn' }]);
  const production = { ...GOOD, NODE_ENV: 'production', REQUIRE_HTTPS: 'false' };
  expect(await check(production)).toMatchObject({ code: 1, failures: ['REQUIRE_HTTPS'] });
});

test('TLS that nobody could bring is a failure', async () => {
  const { TRUST_PROXY, ...alone } = GOOD;
  const { code, failures, of } = await check(alone);
  expect([code, failures]).toEqual([1, ['TRUST_PROXY']]);
  expect(of('TRUST_PROXY')[0]?.says).toContain('every webhook would be refused');
});

test('a console open to the network needs its token', async () => {
  expect(await check({ ...GOOD, CONSOLE_HOST: '0.0.0.0' })).toMatchObject({
    code: 1,
    failures: ['CONSOLE_HOST'],
  });
  const guarded = await check({ ...GOOD, CONSOLE_HOST: '0.0.0.0', CONSOLE_TOKEN: SECRET });
  expect(guarded.code).toBe(0);
  expect(guarded.of('console')).toMatchObject([{ verdict: 'pass', says: '0.0.0.0, with a token' }]);
});

test('.env must be its owner’s alone', async () => {
  writeFileSync(ENV_FILE, '# empty\n', { mode: 0o600 });
  expect((await check(GOOD)).of('.env')).toMatchObject([{ verdict: 'pass' }]);
  chmodSync(ENV_FILE, 0o644);
  const { code, of } = await check(GOOD);
  expect([code, of('.env')]).toMatchObject([
    1,
    [{ verdict: 'fail', says: expect.stringContaining('chmod 600') }],
  ]);
});

test('.env must not get into git', async () => {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(ENV_FILE, `FLEXPORT_WEBHOOK_SECRET=${SECRET}-2\n`, { mode: 0o600 });
  git('init', '-q');
  expect((await check(GOOD)).of('.env in git')).toMatchObject([
    { verdict: 'fail', says: expect.stringContaining('.gitignore') },
  ]);
  writeFileSync(join(folder, '.gitignore'), '.env\n');
  expect((await check(GOOD)).of('.env in git')).toMatchObject([{ verdict: 'pass' }]);
  git('add', '-f', '.env');
  const { code, of } = await check(GOOD);
  expect([code, of('.env in git')]).toMatchObject([
    1,
    [{ verdict: 'fail', says: expect.stringContaining('rotate') }],
  ]);
});

test('.env is read in development and not in production', async () => {
  writeFileSync(ENV_FILE, `FLEXPORT_WEBHOOK_SECRET=${SECRET}-2\n`, { mode: 0o600 });
  expect((await check(GOOD)).of('flexport')).toMatchObject([{ verdict: 'pass' }]);
  expect((await check({ ...GOOD, NODE_ENV: 'production' })).of('flexport')).toMatchObject([
    { verdict: 'warn' },
  ]);
});

test('a damaged inbox is a failure, one in use is not', async () => {
  const path = join(folder, 'odd.db');
  writeFileSync(path, 'no database');
  expect(await check({ ...GOOD, DATABASE_URL: `sqlite:${path}` })).toMatchObject({
    code: 1,
    failures: ['DATABASE_URL'],
  });
  const service = await startService();
  const { code, of } = await check({ ...GOOD, DATABASE_URL: `sqlite:${service.inboxPath}` });
  expect([code, of('inbox')]).toMatchObject([0, [{ says: expect.stringContaining('sound') }]]);
  expect(service.events()).toEqual([]);
  await service.stop();
});
