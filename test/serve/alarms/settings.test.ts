/** ALARM_URL and ALARM_SECRET: both or neither, and never a value in the words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { reading, settingsOf, textOf } from '../config/reading.ts';

const KEY = Buffer.from('thirty-two bytes of key material');
const SECRET = `whsec_${KEY.toString('base64')}`;
const URL_ = 'https://alerts.example.com/hooks/canary';

/** By the package of Standard Webhooks, which is not how it was signed. */
function verifies(secret: string, { config }: ReturnType<typeof reading>): boolean {
  const seconds = Math.floor(Date.now() / 1_000);
  const body = '{"type":"alarm.raised"}';
  const signature = config.alarmTarget?.sign('id-1', seconds, Buffer.from(body)) ?? '';
  const headers = {
    'webhook-id': 'id-1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': signature,
  };
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

test('neither: alarms go to the log only', () => {
  expect(reading({}).config.alarmTarget).toBeUndefined();
  expect(reading({ ALARM_URL: ' ' }).problems).toEqual([]);
});

test('both: the URL, and every live secret', () => {
  const both = reading({
    ALARM_URL: URL_,
    ALARM_SECRET: SECRET,
    ALARM_SECRET_PREVIOUS: `${SECRET.slice(0, -4)}AAA=`,
  });
  expect(both.problems).toEqual([]);
  expect(both.config.alarmTarget?.url).toBe(URL_);
  for (const secret of [SECRET, `${SECRET.slice(0, -4)}AAA=`]) expect(verifies(secret, both)).toBe(true);
  expect(verifies(`${SECRET.slice(0, -4)}BBA=`, both)).toBe(false);
});

test('the secret may be in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const file = join(folder, 'alarm-secret');
  writeFileSync(file, `${SECRET}\n`);
  const read = reading({ ALARM_URL: URL_, ALARM_SECRET_FILE: file });
  expect([read.problems, verifies(SECRET, read)]).toEqual([[], true]);
  rmSync(folder, { recursive: true });
});

test.each([
  'http://127.0.0.1:9000/',
  'http://localhost:9000/',
  'http://[::1]/',
  'http://10.1.2.3/',
  'http://192.168.0.7:80/',
  'http://[fd00::1]/',
])('%s may do without TLS', (url) => {
  expect(reading({ ALARM_URL: url, ALARM_SECRET: SECRET }).problems).toEqual([]);
});

test.each([
  ['http://alerts.example.com/canary', 'is not https://'],
  ['http://8.8.8.8/canary', 'is not https://'],
  ['http://169.254.169.254/canary', 'is not https://'],
  ['http://localhost.example.com/canary', 'is not https://'],
  ['alerts.example.com/canary', 'is not an https:// URL'],
  ['file:///canary', 'is not an https:// URL'],
  ['https://user:canary@alerts.example.com/', 'has a user name or a password in it'],
])('%s is refused', (url, wrong) => {
  const { problems, config } = reading({ ALARM_URL: url, ALARM_SECRET: SECRET });
  expect(problems).toMatchObject([{ setting: 'ALARM_URL', wrong }]);
  expect(config.alarmTarget).toBeUndefined();
  expect(textOf(problems)).not.toContain('canary');
});

test.each([
  [{ ALARM_URL: URL_ }, 'ALARM_URL', /without ALARM_SECRET/],
  [{ ALARM_SECRET: SECRET }, 'ALARM_SECRET', /without ALARM_URL/],
  [{ ALARM_URL: URL_, ALARM_SECRET: KEY.toString('base64') }, 'ALARM_SECRET', /is not whsec_/],
  [{ ALARM_URL: URL_, ALARM_SECRET: `${SECRET}!` }, 'ALARM_SECRET', /is not whsec_/],
  [
    { ALARM_URL: URL_, ALARM_SECRET: `whsec_${KEY.subarray(0, 16).toString('base64')}` },
    'ALARM_SECRET',
    /24 to 64/,
  ],
  [{ ALARM_URL: URL_, ALARM_SECRET: 'changeme' }, 'ALARM_SECRET', /placeholder/],
  [{ ALARM_URL: URL_, ALARM_SECRET: '' }, 'ALARM_SECRET', /is empty/],
])('%o is a problem', (environment, setting, words) => {
  const { problems, config } = reading(environment as Record<string, string>);
  expect(settingsOf(problems)).toEqual([setting]);
  expect(textOf(problems)).toMatch(words);
  expect(textOf(problems)).not.toContain(KEY.toString('base64').slice(0, 12));
  expect(config.alarmTarget).toBeUndefined();
});
