/** Uses of secrets as `check` tells them, from what the inbox has on record of real deliveries. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { useCheck } from '../fixtures/check/checking.ts';
import { useTraffic } from '../fixtures/check/traffic.ts';
import { SECRET } from '../harness/project.ts';
import { flexportHeaders, flintnHeaders, opensslMac } from '../harness/signing.ts';

const OLD = 'the-old-secret-of-the-tests-0123456789abcdef';
const NEW = 'the-new-secret-of-the-tests-0123456789abcdef';
const DAY_MS = 86_400_000;
const { check } = useCheck();
const { start, stop, deliver, inboxPath, folder } = useTraffic();

function backdate(days: number): void {
  const database = new DatabaseSync(inboxPath());
  database.prepare('UPDATE secret_uses SET last_at = last_at - ?').run(days * DAY_MS);
  database.close();
}

test('each live secret is told by its mask with its last use; one that nobody uses any more may go', async () => {
  const env = { FLINTN_WEBHOOK_SECRET: NEW, FLINTN_WEBHOOK_SECRET_PREVIOUS: OLD };
  const settings = await start(env);
  for (const secret of [OLD, OLD, OLD]) {
    expect(await deliver('flintn', (body) => flintnHeaders(secret, body))).toBe(200);
  }
  await stop();
  const during = (await check(settings)).of('flintn hmac');
  expect(during).toMatchObject([
    {
      verdict: 'not known',
      says: expect.stringMatching(/^current the-ne…cdef \(fingerprint \w{12}\): not used yet/),
    },
    {
      verdict: 'pass',
      says: expect.stringMatching(/^previous the-ol…cdef .*last used just now, 3 times in all; still in use/),
    },
  ]);
  backdate(3);
  expect((await check(settings)).of('flintn hmac')[1]).toMatchObject({
    verdict: 'pass',
    says: expect.stringContaining('still in use, and the current one is not yet'),
  });
  await start(env);
  expect(await deliver('flintn', (body) => flintnHeaders(NEW, body))).toBe(200);
  await stop();
  expect((await check(settings)).of('flintn hmac')).toMatchObject([
    { verdict: 'pass', says: expect.stringContaining('last used just now, 1 time in all') },
    {
      verdict: 'warn',
      says: expect.stringMatching(
        /last used 3 days ago, 3 times in all; safe to remove from FLINTN_WEBHOOK_SECRET_PREVIOUS$/,
      ),
    },
  ]);
  const { FLINTN_WEBHOOK_SECRET_PREVIOUS, ...without } = settings as Record<string, string>;
  expect((await check(without)).of('flintn hmac')).toHaveLength(1);
});

test('what came with SHA-1 only is counted', async () => {
  const settings = await start({ FLEXPORT_WEBHOOK_SECRET: SECRET, FLEXPORT_ALLOW_SHA1: 'true' });
  const sha1 = (body: string) => ({
    'X-Hub-Signature': `sha1=${opensslMac(SECRET, body, 'sha1').toString('hex')}`,
  });
  expect((await check(settings)).of('flexport SHA-1')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('nobody needs it: unset FLEXPORT_ALLOW_SHA1') },
  ]);
  expect(await deliver('flexport', sha1)).toBe(200);
  expect(await deliver('flexport', sha1)).toBe(200);
  expect(await deliver('flexport', (body) => flexportHeaders(SECRET, body))).toBe(200);
  await stop();
  const checked = await check(settings);
  expect(checked.of('flexport SHA-1')).toMatchObject([
    {
      verdict: 'warn',
      says: expect.stringMatching(/^2 events came with nothing better, the last just now\./),
    },
  ]);
  // One secret, two forms.
  expect(checked.of('flexport hmac')[0]?.says).toContain('3 times in all');
});

test('the inbox’s log is told of, and an inbox of an older version has nothing to tell', async () => {
  const settings = await start({ FLINTN_WEBHOOK_SECRET: SECRET });
  await deliver('flintn', (body) => flintnHeaders(SECRET, body));
  expect((await check(settings)).of('write-ahead log')).toMatchObject([
    { verdict: 'pass', says: expect.stringMatching(/^on, \d+ MiB$/) },
  ]);
  await stop();
  const database = new DatabaseSync(inboxPath());
  database.exec(
    'PRAGMA journal_mode = DELETE; DROP TABLE secret_uses; ALTER TABLE inbox DROP COLUMN evidence',
  );
  database.close();
  const { failures, of } = await check(settings);
  expect(failures).toEqual([]);
  expect(of('write-ahead log')).toMatchObject([{ verdict: 'warn' }]);
  expect(of('flintn hmac')[0]?.says).toContain('not used yet');
});

test('uses are read beside the running service, of a secret from a file by its line', async () => {
  const file = join(folder(), 'secret');
  writeFileSync(file, `${SECRET}\n`);
  const settings = await start({ FLINTN_WEBHOOK_SECRET_FILE: file });
  await deliver('flintn', (body) => flintnHeaders(SECRET, body));
  const used = async () => (await check(settings)).of('flintn hmac')[0]?.says ?? '';
  // The service writes them every few seconds.
  while (!(await used()).includes('1 time in all'));
  expect(await used()).toMatch(/^line 1 a-secr…ough /);
});
