/** Secrets are told apart by what tells nothing of them. */
import { expect, test } from 'vitest';
import { fingerprintOf, keyFingerprint, maskOf, withFingerprints } from '../../src/verify/fingerprint.ts';
import type { Proof, Verifier } from '../../src/verify/verifier.ts';

const SECRET = '0123456789abcdef0123456789abcdef01234567';

test('a mask shows six and four characters only of a secret that is as long as a strong one', () => {
  expect(SECRET).toHaveLength(40);
  expect(maskOf(SECRET)).toBe('012345…4567');
  for (const length of [0, 1, 16, 24, 39]) expect(maskOf(SECRET.slice(0, length))).toBe('…');
  expect(maskOf('-----BEGIN PUBLIC KEY-----MCow-----END PUBLIC KEY-----')).toBe('a public key in PEM');
  expect(maskOf('-----BEGIN CERTIFICATE-----MIIB-----END CERTIFICATE-----')).toBe('a certificate in PEM');
  expect(maskOf('{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}')).toBe('a public key as JWK');
});

test('a fingerprint is another one under another key, and the same under the same', () => {
  const plain = fingerprintOf(SECRET);
  const keyed = keyFingerprint('one', plain);
  expect(keyed).toMatch(/^[0-9a-f]{12}$/);
  expect(keyFingerprint('one', plain)).toBe(keyed);
  for (const other of [plain, keyFingerprint('other', plain), keyFingerprint('one', fingerprintOf('x'))])
    expect(other).not.toBe(keyed);
});

test('every proof of a verifier has the keyed fingerprint, however it comes', async () => {
  const proof: Proof = { scheme: 'hmac', secret: 'plain', form: 'a' };
  const noSecret: Proof = { scheme: 'ip' };
  const head = { receivedAt: 0, address: undefined, query: '', rawHeaders: [] };
  const proofOf = async (verify: Verifier) => {
    const result = await withFingerprints(verify, (plain) => `keyed ${plain}`)(head);
    return typeof result === 'function' ? result(Buffer.alloc(0)) : result;
  };
  const keyed = { ...proof, secret: 'keyed plain' };
  expect(await proofOf(() => proof)).toEqual(keyed);
  expect(await proofOf(async () => proof)).toEqual(keyed);
  expect(await proofOf(() => () => proof)).toEqual(keyed);
  expect(await proofOf(async () => () => proof)).toEqual(keyed);
  expect(await proofOf(() => noSecret)).toEqual(noSecret);
  expect(() =>
    withFingerprints(() => {
      throw new Error('refused');
    }, String)(head),
  ).toThrow('refused');
});
