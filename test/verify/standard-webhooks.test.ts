/** Signatures of the Standard Webhooks kind, against the specification's example, openssl and the package. */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { readSigningKey, signStandard } from '../../src/verify/standard-webhooks.ts';
import { opensslMac } from '../harness/signing.ts';

const KEY = 'thirty-two bytes of plain ASCII!';
const SECRET = `whsec_${Buffer.from(KEY).toString('base64')}`;

function sign(secrets: readonly string[], id: string, seconds: number, body: string | Buffer): string {
  const keys = secrets.flatMap((secret) => readSigningKey(secret) ?? []);
  return signStandard(keys, id, seconds, Buffer.from(body));
}

test('the example of the specification', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(sign([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['JSON', Buffer.from('{"a":1}')],
  ['text beyond ASCII', Buffer.from('{"a":"ü😀"}')],
  ['bytes that are no text', Buffer.from([0xff, 0x00, 0xc3, 0x28])],
])('openssl computes the same over %s', (_what, body) => {
  const mac = opensslMac(KEY, Buffer.concat([Buffer.from('evt_1.1700000000.'), body]));
  expect(sign([SECRET], 'evt_1', 1_700_000_000, body)).toBe(`v1,${mac.toString('base64')}`);
});

test('every live secret signs, and the package verifies by either', () => {
  const retired = `whsec_${randomBytes(24).toString('base64')}`;
  const seconds = Math.floor(Date.now() / 1_000);
  const signature = sign([SECRET, retired], 'evt_1', seconds, '{"a":1}');
  expect(signature).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': signature,
  };
  for (const secret of [SECRET, retired])
    expect(new Webhook(secret).verify('{"a":1}', headers)).toEqual({ a: 1 });
  const stranger = `whsec_${randomBytes(32).toString('base64')}`;
  expect(() => new Webhook(stranger).verify('{"a":1}', headers)).toThrow('No matching signature');
  expect(() => new Webhook(SECRET).verify('{"a":2}', headers)).toThrow('No matching signature');
});

describe('a secret', () => {
  test.each([24, 25, 26, 32, 63, 64])('may have %i bytes', (bytes) => {
    const secret = `whsec_${randomBytes(bytes).toString('base64')}`;
    expect(readSigningKey(secret)?.symmetricKeySize).toBe(bytes);
  });

  const text = randomBytes(31).toString('base64');
  test.each([
    ['nothing', ''],
    ['the prefix alone', 'whsec_'],
    ['no prefix', text],
    ['another case', `WHSEC_${text}`],
    ['a private key of the asymmetric kind', `whsk_${text}`],
    ['23 bytes', `whsec_${randomBytes(23).toString('base64')}`],
    ['65 bytes', `whsec_${randomBytes(65).toString('base64')}`],
    ['no padding', `whsec_${text.replace('=', '')}`],
    ['too much padding', `whsec_${text}=`],
    ['the alphabet of URLs', `whsec_${Buffer.alloc(30, 0xfb).toString('base64url')}`],
    ['hex', `whsec_${randomBytes(31).toString('hex')}`],
    ['stray bits in its last character', `whsec_${'A'.repeat(41)}B==`],
    ['a space inside', `whsec_${text.slice(0, 9)} ${text.slice(9)}`],
    ['a line break behind', `whsec_${text}\n`],
    ['characters that are not base64', `whsec_${'ü'.repeat(40)}`],
  ])('is refused with %s', (_what, secret) => {
    expect(readSigningKey(secret)).toBeUndefined();
  });
});
