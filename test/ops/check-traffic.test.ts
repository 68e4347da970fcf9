/** What `check` says by what has really come: observed checks, addresses, the clock, refusals. */
import { expect, test } from 'vitest';
import { useCheck } from '../fixtures/check/checking.ts';
import { useTraffic } from '../fixtures/check/traffic.ts';
import { SECRET } from '../harness/project.ts';
import { flintnHeaders, shippoHeaders } from '../harness/signing.ts';

const OTHER = 'another-secret-of-the-tests-0123456789abcdef';
const { check, consignee } = useCheck();
const { start, deliver } = useTraffic();

test('an observed check is judged by what it would have refused', async () => {
  const TOKEN = `${SECRET}-t`;
  const env = { SHIPPO_WEBHOOK_TOKEN: TOKEN, SHIPPO_WEBHOOK_SECRET: SECRET, SHIPPO_OBSERVE: 'hmac' };
  const settings = await start(env);
  const to = `shippo?token=${TOKEN}`;
  for (const secret of [SECRET, SECRET]) {
    expect(await deliver(to, (body) => shippoHeaders(secret, body))).toBe(200);
  }
  const observed = async () => (await check(settings)).of('shippo hmac')[0];
  expect(await observed()).toMatchObject({
    verdict: 'warn',
    says: expect.stringMatching(/refused none of the last 2 events\. Take it out of SHIPPO_OBSERVE/),
  });
  expect(await deliver(to, () => ({}))).toBe(200);
  expect(await deliver(to, (body) => shippoHeaders(OTHER, body))).toBe(200);
  expect(await observed()).toMatchObject({
    verdict: 'warn',
    says: expect.stringMatching(
      /^hmac is only observed: it would have refused 2 of the last 4 events \(1 hmac_mismatch, 1 hmac_missing\)/,
    ),
  });
});

test('genuine events from addresses that an observed allowlist does not know are named', async () => {
  const settings = await start({
    SHIPPO_WEBHOOK_SECRET: SECRET,
    SHIPPO_ALLOW_FROM: '203.0.113.0/24',
    SHIPPO_OBSERVE: 'ip',
    TRUST_PROXY: 'loopback',
  });
  const sign = (body: string) => shippoHeaders(SECRET, body);
  for (const address of ['203.0.113.7', '198.51.100.7', '198.51.100.7', '2001:db8::7']) {
    expect(await deliver('shippo', sign, address)).toBe(200);
  }
  const [list, strange] = (await check(settings)).of('shippo list');
  expect(list).toMatchObject({ verdict: 'pass', says: '203.0.113.0/24' });
  expect(strange).toMatchObject({ verdict: 'warn' });
  expect(strange?.says).toContain('2001:db8::7 (1), 198.51.100.7 (2).');
  expect(strange?.says).not.toContain('203.0.113.7');
  const longer = { ...settings, SHIPPO_ALLOW_FROM: '203.0.113.0/24,198.51.100.7,2001:db8::/32' };
  expect((await check(longer)).of('shippo list')).toHaveLength(1);
});

test('traffic that all comes from one private address betrays a proxy', async () => {
  const settings = await start({ SHIPPO_WEBHOOK_SECRET: SECRET, TRUST_PROXY: 'loopback' });
  const sign = (body: string) => shippoHeaders(SECRET, body);
  const proxy = async (env: Record<string, string>) =>
    (await check({ ...settings, ...env })).of('TRUST_PROXY');
  for (let count = 0; count < 4; count++) await deliver('shippo', sign, '10.1.2.3');
  expect(await proxy({ TRUST_PROXY: '' })).toEqual([]);
  await deliver('shippo', sign, '10.1.2.3');
  expect(await proxy({ TRUST_PROXY: '' })).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('empty, but the last 5 events came from 10.1.2.3') },
  ]);
  expect(await proxy({})).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('X-Forwarded-For does not get through') },
  ]);
  await deliver('shippo', sign, '198.51.100.7');
  expect(await proxy({ TRUST_PROXY: '' })).toEqual([]);
  expect(await proxy({})).toMatchObject([{ verdict: 'pass' }]);
});

test('on a developer’s machine everything comes from loopback, in production a proxy does', async () => {
  const settings = await start({ FLINTN_WEBHOOK_SECRET: SECRET });
  for (let count = 0; count < 5; count++) await deliver('flintn', (body) => flintnHeaders(SECRET, body));
  expect((await check(settings)).of('TRUST_PROXY')).toEqual([]);
  const production = { ...settings, NODE_ENV: 'production', REQUIRE_HTTPS: 'false' };
  expect((await check(production)).of('TRUST_PROXY')).toMatchObject([
    { verdict: 'warn', says: expect.stringContaining('127.0.0.1') },
  ]);
});

test('a clock that is off shows in signed timestamps', async () => {
  const settings = await start({ SHIPPO_WEBHOOK_SECRET: SECRET });
  const at = (seconds: number) => (body: string) =>
    shippoHeaders(SECRET, body, Math.floor(Date.now() / 1000) + seconds);
  expect((await check(settings)).of('clock')).toEqual([]);
  for (const seconds of [0, 0, -200]) expect(await deliver('shippo', at(seconds))).toBe(200);
  expect((await check(settings)).of('clock')).toMatchObject([{ verdict: 'pass' }]);
  for (const seconds of [120, 120, 120, 120]) expect(await deliver('shippo', at(seconds))).toBe(200);
  expect((await check(settings)).of('clock')).toMatchObject([
    {
      verdict: 'warn',
      says: expect.stringMatching(/^1(19|20) s behind the signed timestamps of the last 7 events/),
    },
  ]);
});

test('requests that wait as refused are told by source and check, with the question they raise', async () => {
  const settings = await start({ FLINTN_WEBHOOK_SECRET: SECRET, FLEXPORT_WEBHOOK_SECRET: SECRET });
  expect((await check(settings)).of('refused')).toMatchObject([{ verdict: 'pass' }]);
  for (const _ of [1, 2, 3]) expect(await deliver('flintn', (body) => flintnHeaders(OTHER, body))).toBe(401);
  expect(await deliver('flexport', () => ({}))).toBe(401);
  // They are written behind the answer.
  while ((await consignee(['events', 'refused', 'list', '--json'], settings)).records.length < 4);
  const grouped = await consignee(['events', 'refused', 'failures'], settings);
  expect([grouped.code, grouped.output]).toEqual([
    0,
    expect.stringContaining('flintn  hmac_mismatch  from '),
  ]);
  const { of } = await check(settings);
  expect(of('flintn refused')).toMatchObject([
    {
      verdict: 'warn',
      says: expect.stringMatching(
        /^3 requests since \d{4}-\d\d-\d\d \d\d:\d\d UTC failed hmac_mismatch: was the secret rotated\?/,
      ),
    },
  ]);
  expect(of('flexport refused')).toMatchObject([
    { verdict: 'warn', says: expect.stringMatching(/^one request, at .* failed hmac_missing:/) },
  ]);
});
