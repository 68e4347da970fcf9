/** What deliveries are signed with is what openssl makes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SignatureForm } from '../../src/verify/form/vocabulary.ts';
import { flexportHeaders, flintnHeaders, opensslMac, shippoHeaders, signatureOf, token } from './signing.ts';

const BODY = '{"id":"žluť 💶",\r\n"weight":1.50}';
const SECONDS = 1_688_493_073;
const SHA1 = { in: { header: 'X' }, encoding: 'hex', algorithm: 'hmac-sha1', signed: '{body}' };

/** Short ones, and ones that are longer than a block and hashed first. */
const secrets = fc.string({ unit: 'binary', minLength: 1, maxLength: 150 });

test.each(['of the tests', 'ž'.repeat(100), ...fc.sample(secrets, 5)])('with the secret %j', (secret) => {
  const mac = (text: string, encoding: BufferEncoding = 'hex') => opensslMac(secret, text).toString(encoding);
  expect(flexportHeaders(secret, BODY)).toEqual({ 'X-Hub-Signature-256': `sha256=${mac(BODY)}` });
  expect(flexportHeaders(secret, Buffer.from([0, 255, 10]))).toEqual({
    'X-Hub-Signature-256': `sha256=${opensslMac(secret, Buffer.from([0, 255, 10])).toString('hex')}`,
  });
  expect(flintnHeaders(secret, BODY)).toEqual({ 'X-Signature-Primary': mac(BODY, 'base64') });
  const timed = `t=${SECONDS},v1=${mac(`${SECONDS}.${BODY}`)}`;
  expect(shippoHeaders(secret, BODY, SECONDS)).toEqual({ 'Shippo-Auth-Signature': timed });
  const [head, payload, signature] = token(secret, BODY).split('.');
  expect(signature).toBe(mac(`${head}.${payload}`, 'base64url'));
  const old = signatureOf(SHA1 as SignatureForm, secret, BODY);
  expect(old).toBe(opensslMac(secret, BODY, 'sha1').toString('hex'));
});
