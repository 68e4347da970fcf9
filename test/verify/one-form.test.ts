/** A signature is worth something in the form that it was made by, over what it was made of, and in no other cut of the same text. */
import { createHash, createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import {
  adobeIoEvents,
  contentful,
  easypost,
  hubspot,
  inpost,
  type Preset,
  presets,
  twilio,
} from 'consignee';
import { describe, expect, test } from 'vitest';
import { verifyForms } from '../../src/verify/form/verifier.ts';
import { HMAC } from '../../src/verify/hmac.ts';
import { SECRET } from '../harness/project.ts';
import { NOW, verdict } from './verdict.ts';

const HOUR_MS = 3_600_000;
const URL_THERE = 'https://hooks.example.com/in';
const mac = (text: string, hash = 'sha256') => createHmac(hash, SECRET).update(text);

function ask(
  { forms }: Preset,
  headers: Readonly<Record<string, string>>,
  body: string,
  { query = '', publicUrl = URL_THERE, secret = SECRET, lines = [] as readonly string[] } = {},
) {
  const scheme = secret === SECRET ? 'hmac' : 'signature';
  const settings = { secrets: [secret], publicUrl, toleranceSeconds: 300, allowSha1: true };
  const rawHeaders = [...Object.entries(headers).flat(), ...lines];
  return verdict(verifyForms(scheme, forms, settings), { query, rawHeaders }, body);
}

describe('Twilio', () => {
  const hash = createHash('sha256').update('{"a":1}').digest('hex');
  const json = { 'X-Twilio-Signature': mac(`${URL_THERE}?bodySHA256=${hash}`, 'sha1').digest('base64') };

  test('the digest in the URL passes once, and no piece of it as a field', async () => {
    expect(await ask(twilio, json, '{"a":1}', { query: `bodySHA256=${hash}` })).toBe('passes');
    for (const at of [0, 1, 30, 63, 64]) {
      const cut = { query: `bodySHA256=${hash.slice(0, at)}` };
      expect(await ask(twilio, json, `${hash.slice(at)}=`, cut)).not.toBe('passes');
    }
    for (const body of [`%3FbodySHA256%3D${hash}=`, `%3FbodySHA256=%3D${hash}`, `%3FbodySHA256%3D=${hash}`])
      expect(await ask(twilio, json, body)).toBe('hmac_mismatch');
  });

  test('a registered query is the one that must come', async () => {
    const publicUrl = `${URL_THERE}?order=42`;
    const signed = mac(`${publicUrl}AccountSidAC1BodyHi`, 'sha1').digest('base64');
    const headers = { 'X-Twilio-Signature': signed };
    const body = 'AccountSid=AC1&Body=Hi';
    expect(await ask(twilio, headers, body, { publicUrl, query: 'order=42' })).toBe('passes');
    for (const [query, rest] of [
      ['order=42AccountSidAC1', 'Body=Hi'],
      ['order=4', '2=AccountSidAC1BodyHi'],
      ['order=42&AccountSidAC1', 'Body=Hi'],
    ] as const)
      expect(await ask(twilio, headers, rest, { publicUrl, query })).toBe('hmac_malformed');
    // As it is judged again: a query is not kept.
    expect(await ask(twilio, headers, body, { publicUrl })).toBe('passes');
    const added = mac(`${publicUrl}&bodySHA256=${hash}`, 'sha1').digest('base64');
    for (const query of [`order=42&bodySHA256=${hash}`, `bodySHA256=${hash}`])
      expect(await ask(twilio, { 'X-Twilio-Signature': added }, '{"a":1}', { publicUrl, query })).toBe(
        'passes',
      );
  });

  test('the token of a source may stand in the URL, whether it is registered with it or not', async () => {
    const signed = mac(`${URL_THERE}?token=abcAccountSidAC1`, 'sha1').digest('base64');
    const headers = { 'X-Twilio-Signature': signed };
    for (const publicUrl of [URL_THERE, `${URL_THERE}?token=abc`])
      expect(await ask(twilio, headers, 'AccountSid=AC1', { publicUrl, query: 'token=abc' })).toBe('passes');
  });
});

test('Contentful’s time must be among the headers that a request lists', async () => {
  const list = 'x-contentful-crn,x-contentful-signed-headers,x-contentful-timestamp';
  const then = NOW - HOUR_MS;
  const lines = (crn: string, listed: string, time: number) => ({
    'x-contentful-crn': crn,
    'x-contentful-signed-headers': listed,
    'x-contentful-timestamp': String(time),
  });
  const textOf = (headers: Readonly<Record<string, string>>, listed = list) =>
    listed
      .split(',')
      .map((name) => `${name}:${headers[name]}`)
      .join(';');
  const fresh = lines('crn:x', list, NOW);
  const signature = (text: string) => ({
    'x-contentful-signature': mac(`POST\n/in\n${text}\n{}`).digest('hex'),
  });
  expect(await ask(contentful, { ...fresh, ...signature(textOf(fresh)) }, '{}')).toBe('passes');
  const old = textOf(lines('crn:x', list, then));
  const folded = lines(old.slice('x-contentful-crn:'.length), 'x-contentful-crn', NOW);
  expect(textOf(folded, 'x-contentful-crn')).toBe(old);
  expect(await ask(contentful, { ...folded, ...signature(old) }, '{}')).toBe('hmac_malformed');
});

test('a signature over time and body is none over a body that begins with a time', async () => {
  const body = '2026-01-01T00:00:00Z.{}';
  const signed = { 'x-inpost-signature': mac(body).digest('base64') };
  expect(await ask(inpost, signed, body)).toBe('hmac_mismatch');
  const later = '2026-01-01T00:00:00ZPOST/in{}';
  const easy = { 'X-Hmac-Signature': `hmac-sha256-hex=${mac(later).digest('hex')}` };
  expect(await ask(easypost, easy, later)).toBe('hmac_mismatch');
});

test('a digest that begins with the secret is good for JSON only: anybody can go on with it', async () => {
  const digest = (text: string) =>
    createHash('sha256')
      .update(SECRET + text)
      .digest('hex');
  const ofNext = digest(`POST${URL_THERE}[{}]`);
  expect(await ask(hubspot, { 'X-HubSpot-Signature': ofNext }, '[{}]')).toBe('passes');
  expect(await ask(hubspot, { 'X-HubSpot-Signature': ofNext }, `POST${URL_THERE}[{}]`)).toBe('hmac_mismatch');
  const longer = '[{}]\u0080\0\0\0[{}]';
  expect(await ask(hubspot, { 'X-HubSpot-Signature': digest(longer) }, longer)).toBe('hmac_mismatch');
});

test('of signatures by public keys eight are looked at, over however many lines they come', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const secret = publicKey.export({ format: 'pem', type: 'spki' }).replaceAll('\n', '');
  const good = sign('sha256', Buffer.from('{}'), privateKey).toString('base64');
  const name = 'x-adobe-digital-signature-1';
  const before = (count: number) => Array.from({ length: count }, () => [name, 'AAAA']).flat();
  const after = (count: number) =>
    ask(adobeIoEvents, {}, '{}', { secret, lines: [...before(count), name, good] });
  expect(await after(7)).toBe('passes');
  expect(await after(8)).toBe('signature_mismatch');
});

test('what may be a shared secret or a public key must say which', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const bare = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  const both = presets['standard-webhooks'] as Preset;
  expect(HMAC.mistake(bare, both)?.wrong).toBe('may be a secret or a public key');
  expect(HMAC.mistake(`whsec_${bare}`, both)).toBeUndefined();
  expect(HMAC.mistake(randomUUID(), presets.github as Preset)).toBeUndefined();
});

test('a secret for signatures switches nothing on where the provider signs nothing', () => {
  for (const name of ['shipstation-v1', 'salesforce-outbound', 'microsoft-graph', 'inpost-shipx'])
    expect(HMAC.isFor(presets[name] as Preset, [SECRET]), name).toBe(false);
});
