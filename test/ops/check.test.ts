/** `consignee check`: each finding, its exit code, and never a value. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { GOOD, useCheck } from '../fixtures/check/checking.ts';
import { openService } from '../harness/open-service.ts';
import { SECRET } from '../harness/project.ts';

const { folder, consignee, check, git } = useCheck();
const ENV_FILE = join(folder, '.env');

beforeEach(() => {
  for (const name of ['.env', '.env.staging', '.env.example', '.git', '.gitignore', 'data']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
});

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
  const service = await openService();
  const { code, of } = await check({ ...GOOD, DATABASE_URL: `sqlite:${service.inboxPath}` });
  expect([code, of('inbox')]).toMatchObject([0, [{ says: expect.stringContaining('sound') }]]);
  expect(service.events()).toEqual([]);
  await service.stop();
});

test('its kin must be kept as well, and .env.example is for everybody', async () => {
  writeFileSync(join(folder, '.env.staging'), '# empty\n', { mode: 0o640 });
  writeFileSync(join(folder, '.env.example'), '# empty\n', { mode: 0o644 });
  writeFileSync(join(folder, '.gitignore'), '.env\n');
  git('init', '-q');
  const { told, failures } = await check(GOOD);
  expect(failures).toEqual(['.env.staging', '.env.staging in git']);
  expect(told.filter(({ subject }) => subject.startsWith('.env.example'))).toEqual([]);
});

test('a source without proof of who sends is a warning, and in production a failure', async () => {
  const env = { ...GOOD, FLINTN_ALLOW_FROM: '203.0.113.0/24' };
  const [flintn] = (await check(env)).of('flintn');
  expect(flintn).toMatchObject({
    verdict: 'warn',
    says: expect.stringContaining('nothing proves who sends'),
  });
  const production = await check({ ...env, NODE_ENV: 'production' });
  expect([production.code, production.failures]).toEqual([1, ['FLINTN_ALLOW_FROM', 'flintn']]);
});

test('an observed check is told apart from those that are enforced', async () => {
  const { of } = await check({ ...GOOD, SHIPPO_WEBHOOK_TOKEN: `${SECRET}-2`, SHIPPO_OBSERVE: 'hmac' });
  expect(of('shippo')).toMatchObject([
    { verdict: 'pass', says: '/webhooks/shippo verifies token, and only observes hmac' },
  ]);
  expect(of('shippo hmac')[0]).toMatchObject({
    verdict: 'warn',
    says: expect.stringContaining('no event has come since'),
  });
});

test('proxies must not be a large part of the internet', async () => {
  const { of } = await check({ ...GOOD, TRUST_PROXY: '96.0.0.0/4,10.0.0.0/8,uniquelocal' });
  expect(of('TRUST_PROXY')).toMatchObject([
    { verdict: 'warn', says: expect.stringMatching(/^96\.0\.0\.0\/4 /) },
  ]);
  expect((await check(GOOD)).of('TRUST_PROXY')).toMatchObject([{ verdict: 'pass' }]);
});

test('a talkative log and root are for development only', async () => {
  const isRoot = process.getuid?.() === 0;
  const development = await check({ ...GOOD, LOG_LEVEL: 'debug' });
  expect([development.of('LOG_LEVEL'), development.of('user')]).toMatchObject([
    [{ verdict: 'pass' }],
    [{ verdict: 'pass' }],
  ]);
  const production = await check({ ...GOOD, LOG_LEVEL: 'debug', NODE_ENV: 'production' });
  expect(production.of('LOG_LEVEL')).toMatchObject([{ verdict: 'warn' }]);
  expect(production.of('user')).toMatchObject([{ verdict: isRoot ? 'warn' : 'pass' }]);
});

test('subjects stand in one column, however long they are', async () => {
  const { output } = await consignee(['check'], { ...GOOD, FLINTN_WEBHOOK_SECRET_PREVIOUS: SECRET });
  const lines = output.split('\n').filter((line) => /^(pass|warn|fail|not known) /.test(line));
  const width = 'FLINTN_WEBHOOK_SECRET_PREVIOUS'.length;
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) expect(line).toMatch(new RegExp(`^.{9}  .{${width}}  \\S`));
});

test('without git and npm the check is as good, and says what it could not look at', async () => {
  writeFileSync(ENV_FILE, '# empty\n', { mode: 0o600 });
  const { code, of } = await check({ ...GOOD, PATH: folder });
  expect(code).toBe(0);
  expect([of('.env in git'), of('git history'), of('npm audit')]).toMatchObject([
    [{ verdict: 'not known', says: 'git is not here' }],
    [{ verdict: 'not known', says: 'not looked at: git is not here' }],
    [{ verdict: 'not known', says: 'not asked: npm is not here' }],
  ]);
});

test('--help tells of the options', async () => {
  const { code, output } = await consignee(['check', '--help']);
  expect([code, output]).toEqual([0, expect.stringContaining('--against FILE')]);
});
