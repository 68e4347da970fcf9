/** Standard Webhooks as a receiver: what the package and Svix's send, two kinds of signatures in one header, and rotation. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { log, type Preset, standardWebhooks, svix } from 'consignee';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { expect, test } from 'vitest';
import { verifiersOf } from '../../src/verify/checks.ts';
import { reading, settingsOf } from '../serve/config/reading.ts';
import { NOW, NOW_SECONDS, verdict } from './verdict.ts';

const BODY = '{"type":"contact.created","data":{"name":"žluť"}}';
const ID = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [SECRET, RETIRED] = [secretOf(7), secretOf(9)];
const pair = generateKeyPairSync('ed25519');
const PUBLIC = `whpk_${pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`;

function ask(
  secrets: readonly string[],
  signature: string,
  preset: Preset = standardWebhooks,
  prefix = 'webhook',
) {
  const scheme = secrets.every((secret) => secret.startsWith('whpk_')) ? 'signature' : 'hmac';
  const checks = { preset, schemes: [scheme] as const, observed: [], secrets: { [scheme]: secrets } };
  const rest = { allowFrom: [], allowSha1: false, publicUrl: undefined };
  const [verify] = verifiersOf({ ...checks, ...rest }, 300, { follow: () => () => false });
  const rawHeaders = [`${prefix}-id`, ID, `${prefix}-timestamp`, String(NOW_SECONDS), `${prefix}-signature`];
  return verdict(verify as never, { rawHeaders: [...rawHeaders, signature] }, BODY);
}

const v1 = (secret: string) => new Webhook(secret).sign(ID, new Date(NOW), BODY);
const v1a = (key: KeyObject = pair.privateKey) =>
  `v1a,${sign(null, Buffer.from(`${ID}.${NOW_SECONDS}.${BODY}`), key).toString('base64')}`;

test('what the packages of Standard Webhooks and of Svix sign is taken', async () => {
  expect(await ask([SECRET], v1(SECRET))).toBe('passes');
  const bySvix = new SvixWebhook(SECRET).sign(ID, new Date(NOW), BODY);
  expect(await ask([SECRET], bySvix, svix, 'svix')).toBe('passes');
  expect(await ask([SECRET], bySvix)).toBe('passes');
  expect(await ask([SECRET], v1(RETIRED))).toBe('hmac_mismatch');
});

test('either side may have two secrets while one is changed', async () => {
  const both = `${v1(SECRET)} ${v1(RETIRED)}`;
  for (const secrets of [[SECRET], [RETIRED], [SECRET, RETIRED]])
    expect(await ask(secrets, both)).toBe('passes');
  for (const signature of [v1(SECRET), v1(RETIRED)])
    expect(await ask([SECRET, RETIRED], signature)).toBe('passes');
});

test('of two kinds in one header that one counts for which there is a key, and the other mends nothing', async () => {
  const stranger = generateKeyPairSync('ed25519').privateKey;
  expect(await ask([SECRET], `${v1(SECRET)} ${v1a()}`)).toBe('passes');
  expect(await ask([PUBLIC], `${v1(SECRET)} ${v1a()}`)).toBe('passes');
  expect(await ask([SECRET], `${v1(SECRET)} ${v1a(stranger)}`)).toBe('passes');
  expect(await ask([PUBLIC], `${v1(SECRET)} ${v1a(stranger)}`)).toBe('signature_mismatch');
  expect(await ask([PUBLIC], v1(SECRET))).toBe('signature_malformed');
  expect(await ask([SECRET], v1a())).toBe('hmac_malformed');
  // Whoever takes the public key for a secret makes a signature that anybody could make.
  const key = PUBLIC.slice('whpk_'.length);
  for (const secret of [PUBLIC, key, Buffer.from(key, 'base64')]) {
    const mac = createHmac('sha256', secret).update(`${ID}.${NOW_SECONDS}.${BODY}`).digest('base64');
    for (const forged of [`v1,${mac}`, `v1a,${mac}`])
      expect(await ask([PUBLIC], forged)).toBe('signature_malformed');
  }
});

test('secrets of one kind alone are live: otherwise the weaker one would do', () => {
  const sources = [{ preset: standardWebhooks, handlers: { log } }];
  const problemsWith = (one: string, other: string) => {
    const environment = {
      STANDARD_WEBHOOKS_WEBHOOK_SECRET: one,
      STANDARD_WEBHOOKS_WEBHOOK_SECRET_PREVIOUS: other,
    };
    return settingsOf(reading(environment, { sources }).problems);
  };
  expect(problemsWith(SECRET, RETIRED)).toEqual([]);
  expect(problemsWith(PUBLIC, SECRET)).toEqual(['STANDARD_WEBHOOKS_WEBHOOK_SECRET']);
  expect(problemsWith(SECRET, PUBLIC)).toEqual(['STANDARD_WEBHOOKS_WEBHOOK_SECRET']);
});
