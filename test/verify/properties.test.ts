/** For every scheme: what was signed passes, a bit less or more does not, and no input does anything but pass or be refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SignatureForm } from '../../src/verify/form/vocabulary.ts';
import { hmac, signHmac } from '../../src/verify/hmac.ts';
import { jwt, signJwt } from '../../src/verify/jwt.ts';
import { flatfile } from '../../src/verify/presets/flatfile/preset.ts';
import { flexport } from '../../src/verify/presets/flexport/preset.ts';
import { flintn } from '../../src/verify/presets/flintn/preset.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';
import { queryToken } from '../../src/verify/query-token.ts';
import { headerOf } from '../harness/signing.ts';
import { flipBit, NOW, verdict } from './verdict.ts';

const forms = [flexport, shippo, flintn, flatfile].flatMap((preset) =>
  preset.forms.map((form: SignatureForm) => ({
    form,
    header: headerOf(form),
    title: `${preset.title}, ${form.algorithm} in ${headerOf(form)}`,
  })),
);
const secrets = fc.string({ minLength: 1, maxLength: 100, unit: 'binary' });
const bodies = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const bits = fc.nat();

describe.each(forms)('hmac: $title', ({ form, header }) => {
  const verifier = (secret: string) =>
    hmac([form], { secrets: [secret], allowSha1: true, toleranceSeconds: 300 });
  const ask = (secret: string, value: string, body: Buffer) =>
    verdict(verifier(secret), { rawHeaders: [header, value] }, body);

  test('what was signed passes', () =>
    fc.assert(
      fc.asyncProperty(secrets, bodies, async (secret, body) => {
        expect(await ask(secret, signHmac(form, secret, body, NOW), body)).toBe('passes');
      }),
    ));

  test('one flipped bit in the body does not match', () =>
    fc.assert(
      fc.asyncProperty(secrets, bodies, bits, async (secret, body, bit) => {
        const value = signHmac(form, secret, body, NOW);
        expect(await ask(secret, value, flipBit(body, bit))).toBe('hmac_mismatch');
      }),
    ));

  test('one flipped bit in the header is refused, unless it makes a capital of a hex digit', () =>
    fc.assert(
      fc.asyncProperty(secrets, bodies, bits, async (secret, body, bit) => {
        const value = signHmac(form, secret, body, NOW);
        const flipped = flipBit(Buffer.from(value), bit).toString('latin1');
        const start = value.length - (form.algorithm === 'hmac-sha1' ? 40 : 64);
        const sameMac =
          form.encoding === 'hex' &&
          flipped.slice(0, start) === value.slice(0, start) &&
          flipped.slice(start).toLowerCase() === value.slice(start);
        expect((await ask(secret, flipped, body)) === 'passes').toBe(sameMac);
      }),
      { numRuns: 300 },
    ));

  test('any text for a header is refused and nothing else', () =>
    fc.assert(
      fc.asyncProperty(hostileHeaders(form.prefix ?? ''), bodies, async (value, body) => {
        expect(await ask('secret of the property', value, body)).toMatch(/^hmac_/);
      }),
    ));

  test('only the very secret it was signed with makes it pass', () =>
    fc.assert(
      fc.asyncProperty(secrets, secrets, bodies, async (secret, other, body) => {
        // HMAC pads a key with zero bytes, so those at its end say nothing.
        fc.pre(secret.replace(/\0+$/, '') !== other.replace(/\0+$/, ''));
        expect(await ask(other, signHmac(form, secret, body, NOW), body)).toBe('hmac_mismatch');
      }),
    ));
});

function hostileHeaders(prefix: string) {
  const pieces = fc.constantFrom(
    't=',
    'v1=',
    ',',
    '=',
    prefix,
    '1795341600',
    'a'.repeat(64),
    'A=',
    ' ',
    '\0',
  );
  const mixed = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 8 });
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    mixed.map((parts) => parts.join('')),
  );
}

describe('jwt', () => {
  const reserved = ['iat', 'exp', 'nbf'];
  const members = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
    .filter((record) => Object.keys(record).every((name) => !reserved.includes(name)))
    .map((record) => Buffer.from(JSON.stringify(record)));
  const ask = (secret: string, authorization: string, body: Buffer) =>
    verdict(
      jwt({ secrets: [secret], toleranceSeconds: 300 }),
      { rawHeaders: ['Authorization', authorization] },
      body,
    );

  test('what was signed passes', () =>
    fc.assert(
      fc.asyncProperty(secrets, members, async (secret, body) => {
        expect(await ask(secret, await signJwt(secret, body, NOW), body)).toBe('passes');
      }),
    ));

  test('one flipped bit in the body is refused, unless the body still says the same', () =>
    fc.assert(
      fc.asyncProperty(secrets, members, bits, async (secret, body, bit) => {
        const flipped = flipBit(body, bit);
        const answer = await ask(secret, await signJwt(secret, body, NOW), flipped);
        if (answer === 'passes') expect(parse(flipped)).toEqual(parse(body));
        else expect(answer).toBe('jwt_body');
      }),
    ));

  test('one flipped bit anywhere in the token is refused', () =>
    fc.assert(
      fc.asyncProperty(secrets, members, bits, async (secret, body, bit) => {
        const token = (await signJwt(secret, body, NOW)).slice('Bearer '.length);
        const flipped = flipBit(Buffer.from(token), bit).toString('latin1');
        expect(await ask(secret, `Bearer ${flipped}`, body)).toMatch(/^jwt_/);
      }),
      { numRuns: 300 },
    ));

  test('any text for a header is refused and nothing else', () => {
    const segment = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.constant(Buffer.from('{"alg":"HS256"}').toString('base64url')),
    );
    const token = fc.array(segment, { maxLength: 4 }).map((parts) => `Bearer ${parts.join('.')}`);
    return fc.assert(
      fc.asyncProperty(fc.oneof(token, fc.string({ unit: 'binary' })), bodies, async (value, body) => {
        expect(await ask('secret of the property', value, body)).toMatch(/^jwt_/);
      }),
      { numRuns: 300 },
    );
  });

  function parse(body: Buffer): unknown {
    return JSON.parse(body.toString('utf8'));
  }
});

describe('token', () => {
  const tokens = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' });

  test('a token that was encoded passes, and not with one flipped bit', () =>
    fc.assert(
      fc.asyncProperty(tokens, bits, async (token, bit) => {
        const verify = queryToken([token]);
        expect(await verdict(verify, { query: `token=${encodeURIComponent(token)}` })).toBe('passes');
        const flipped = [...flipBit(Buffer.from(token), bit)]
          .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
          .join('');
        const answer = await verdict(verify, { query: `token=${flipped}` });
        expect(['token_mismatch', 'token_malformed']).toContain(answer);
      }),
    ));

  test('any text for a query is refused and nothing else', () => {
    const pieces = fc.constantFrom('token', 'token=', '&', '=', '%', '%74', '%zz', '%ff', '[]', ';', '+');
    const query = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 8 }).map((parts) => parts.join(''));
    return fc.assert(
      fc.asyncProperty(query, async (given) => {
        expect(await verdict(queryToken(['secret of the property']), { query: given })).toMatch(/^token_/);
      }),
      { numRuns: 300 },
    );
  });
});
