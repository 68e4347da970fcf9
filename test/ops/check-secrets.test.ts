/** Where secrets come from and how old they are: what can be known is told, and what cannot is said to be so. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GOOD, useCheck } from '../fixtures/check/checking.ts';
import { SECRET } from '../harness/project.ts';

const DAY_MS = 86_400_000;
const { folder, check } = useCheck();
const day = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

function secretFile(daysAgo: number): string {
  const file = join(folder, 'flintn-secret');
  writeFileSync(file, `${SECRET}-new\n${SECRET}-old\n`);
  const at = new Date(Date.now() - daysAgo * DAY_MS);
  utimesSync(file, at, at);
  return file;
}

test('each secret’s origin is told: the environment, .env, or which file', async () => {
  writeFileSync(join(folder, '.env'), `FLEXPORT_WEBHOOK_SECRET=${SECRET}-2\n`, { mode: 0o600 });
  const file = secretFile(1);
  const { of } = await check({ ...GOOD, FLINTN_WEBHOOK_SECRET_FILE: file });
  const says = of('secrets')[0]?.says;
  expect(says).toContain('from the environment: SHIPPO_WEBHOOK_SECRET');
  expect(says).toContain('from .env: FLEXPORT_WEBHOOK_SECRET');
  expect(says).toContain(`from ${file}: FLINTN_WEBHOOK_SECRET_FILE`);
  writeFileSync(join(folder, '.env'), '');
});

test('a secret in a file has the age of the file', async () => {
  const { REQUIRE_HTTPS, TRUST_PROXY } = GOOD;
  const env = { REQUIRE_HTTPS, TRUST_PROXY } as Record<string, string>;
  const young = await check({ ...env, FLINTN_WEBHOOK_SECRET_FILE: secretFile(12) });
  expect(young.of('secret age')).toMatchObject([
    { verdict: 'pass', says: 'FLINTN_WEBHOOK_SECRET is 12 days old by its file' },
  ]);
  const old = await check({ ...env, FLINTN_WEBHOOK_SECRET_FILE: secretFile(91) });
  expect([old.code, old.of('secret age')]).toMatchObject([
    0,
    [{ verdict: 'warn', says: expect.stringContaining('91 days old by its file. Rotate') }],
  ]);
});

test('the age of a value in the environment is not known unless a setting tells it', async () => {
  expect((await check(GOOD)).of('secret age')).toMatchObject([
    { verdict: 'not known', says: expect.stringContaining('SHIPPO_WEBHOOK_SECRET_SINCE=2026-08-01') },
  ]);
  expect((await check({ ...GOOD, NODE_ENV: 'production' })).of('secret age')).toMatchObject([
    { verdict: 'warn', says: expect.stringMatching(/^not known for SHIPPO_WEBHOOK_SECRET:/) },
  ]);
  const since = async (date: string) =>
    (await check({ ...GOOD, SHIPPO_WEBHOOK_SECRET_SINCE: date })).of('secret age');
  expect(await since(day(90))).toMatchObject([
    { verdict: 'pass', says: 'SHIPPO_WEBHOOK_SECRET is 90 days old by SHIPPO_WEBHOOK_SECRET_SINCE' },
  ]);
  expect(await since(day(91))).toMatchObject([{ verdict: 'warn' }]);
  for (const wrong of ['yesterday', '2026-13-01', '01.08.2026']) {
    expect(await since(wrong)).toMatchObject([
      { verdict: 'warn', says: expect.stringContaining('is not a') },
    ]);
  }
  expect(await since('2999-01-01')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('not a day that has been') },
  ]);
});

test('a date that is set counts more than the date of the file', async () => {
  const { of } = await check({
    ...GOOD,
    SHIPPO_WEBHOOK_SECRET_SINCE: day(1),
    FLINTN_WEBHOOK_SECRET_FILE: secretFile(1),
    FLINTN_WEBHOOK_SECRET_SINCE: day(200),
  });
  expect(of('secret age')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('200 days old by FLINTN_WEBHOOK_SECRET_SINCE') },
    { verdict: 'pass', says: expect.stringContaining('SHIPPO_WEBHOOK_SECRET is 1 day old') },
  ]);
});

test('an API key that cannot be one is a failure', async () => {
  const { code, failures } = await check({ ...GOOD, FLEXPORT_API_KEY: 'your_prod_key' });
  expect([code, failures]).toEqual([1, ['FLEXPORT_API_KEY']]);
});
