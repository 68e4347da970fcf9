/** Headers under which some providers send the same signature beside those of the published ones, as their own code or pages name them. */
import { createHmac } from 'node:crypto';
import { type Preset, sentry, shopify, track123 } from 'consignee';
import { expect, test } from 'vitest';
import { verifiersOf } from '../../../src/verify/checks.ts';
import type { Verifier } from '../../../src/verify/verifier.ts';
import { NOW, verdict } from '../verdict.ts';

const BODY = '{"data":{"id":229255084490768384}}';
const SECRET = 'a secret of the test';
const mac = (text: string, key = SECRET) => createHmac('sha256', key).update(text);

const rows: readonly (readonly [Preset, string, Readonly<Record<string, string>>])[] = [
  // Shopify/shopify-api-ruby 16.2.0 takes them with and without X-.
  [shopify, SECRET, { 'Shopify-Hmac-Sha256': mac(BODY).digest('base64') }],
  // getsentry/integration-platform-example: of issue links and alert actions.
  [sentry, SECRET, { 'Sentry-App-Signature': mac(BODY).digest('hex') }],
  // intercom.help/track123 article 9790020: of its app for Shopify.
  [
    track123,
    SECRET,
    { 'X-Track123-Timestamp': String(NOW), 'X-Track123-Signature': mac(String(NOW)).digest('hex') },
  ],
];

const sealed = (time: number) =>
  `{"verify":{"timestamp":${time},"signature":"${mac(String(time)).digest('hex')}"}}`;

test('Track123 may write the time inside its bodies in seconds or in milliseconds, and it must be in time', async () => {
  const verify = verifierOf(track123, SECRET);
  const ask = (time: number) => verdict(verify, { rawHeaders: [] }, sealed(time));
  expect(await ask(NOW)).toBe('passes');
  expect(await ask(Math.floor(NOW / 1_000))).toBe('passes');
  expect(await ask(NOW - 400_000)).toBe('hmac_timestamp');
  expect(await ask(Math.floor(NOW / 1_000) + 400)).toBe('hmac_timestamp');
  expect(await ask(7)).toBe('hmac_malformed');
});

test.each(rows)('$name: $title signs under these names too', async (preset, secret, headers) => {
  const verify = verifierOf(preset, secret);
  const ask = (changed: Readonly<Record<string, string>>) =>
    verdict(verify, { rawHeaders: Object.entries({ ...headers, ...changed }).flat() }, BODY);
  expect(await ask({})).toBe('passes');
  for (const [name, value] of Object.entries(headers)) {
    const first = value[0] === '1' ? '2' : '1';
    expect(await ask({ [name]: first + value.slice(1) })).not.toBe('passes');
  }
});

function verifierOf(preset: Preset, secret: string): Verifier {
  const settings = { preset, observed: [], allowFrom: [], allowSha1: false, publicUrl: undefined };
  const checks = { ...settings, schemes: ['hmac'] as const, secrets: { hmac: [secret] } };
  return verifiersOf(checks, 300, { follow: () => () => false })[0] as Verifier;
}
