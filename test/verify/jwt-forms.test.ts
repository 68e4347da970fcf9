/** JWTs as data: header, word, algorithm, what they bind and where their keys are. Those of Flatfile's kind are in jwt.test.ts. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { custom, easyship } from 'consignee';
import { expect, test } from 'vitest';
import { PublishedKeys } from '../../src/verify/form/published.ts';
import { JWT, jwt, signJwt } from '../../src/verify/jwt.ts';
import { type JwtForm, jwtFlaws, jwtProves, sayJwt } from '../../src/verify/jwt-form.ts';
import type { JwtOptions } from '../../src/verify/jwt-token.ts';
import { SECRET } from '../harness/project.ts';
import { token } from '../harness/signing.ts';
import { NOW, NOW_SECONDS, verdict } from './verdict.ts';

const BODY = '{"event_type":"shipment.label.created"}';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const inline = (key: KeyObject) => pemOf(key).replaceAll('\n', '');

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function signedBy(key: KeyObject, claims: object, header: object): string {
  const text = `${part(header)}.${part(claims)}`;
  const made = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${made.toString('base64url')}`;
}

function ask(form: JwtForm, value: string, options: Partial<JwtOptions> = {}, body = BODY) {
  const verify = jwt({ secrets: [SECRET], toleranceSeconds: 300, ...options }, undefined, form);
  return verdict(verify, { rawHeaders: [form.header, value] }, body);
}

const EASYSHIP = easyship.jwt as JwtForm;
const CLAIMS = '{"easyship_company_id":"CUS1"}';

test.each([
  ['as documented', token(SECRET, CLAIMS), 'passes'],
  ['with times that nobody asks for', token(SECRET, '{"easyship_company_id":"C","iat":1}'), 'passes'],
  ['that is over', token(SECRET, `{"easyship_company_id":"C","exp":${NOW_SECONDS}}`), 'jwt_time'],
  ['that is not yet good', token(SECRET, `{"easyship_company_id":"C","nbf":${NOW_SECONDS + 1}}`), 'jwt_time'],
  ['without the claim', token(SECRET, '{"iat":1}'), 'jwt_malformed'],
  ['of another secret', token('another', CLAIMS), 'jwt_mismatch'],
  ['with a word before it', `Bearer ${token(SECRET, CLAIMS)}`, 'jwt_malformed'],
  ['unsigned', `${token(SECRET, CLAIMS, '{"alg":"none"}').replace(/[^.]*$/, '')}`, 'jwt_malformed'],
  ['that says none', token(SECRET, CLAIMS, '{"alg":"none"}'), 'jwt_algorithm'],
  ['that says HS512', token(SECRET, CLAIMS, '{"alg":"HS512"}'), 'jwt_algorithm'],
  ['with crit', token(SECRET, CLAIMS, '{"alg":"HS256","crit":[]}'), 'jwt_malformed'],
])('Easyship’s token is bare and stands in its own header: %s', async (_title, value, expected) => {
  expect(await ask(EASYSHIP, value)).toBe(expected);
});

test('Easyship’s header is looked for and no other, and its token says nothing of the body', async () => {
  const verify = jwt({ secrets: [SECRET], toleranceSeconds: 300 }, undefined, EASYSHIP);
  const good = token(SECRET, CLAIMS);
  const of = (...rawHeaders: string[]) => verdict(verify, { rawHeaders }, 'any body');
  expect(await of('x-easyship-signature', good)).toBe('passes');
  expect(await of('Authorization', `Bearer ${good}`)).toBe('jwt_missing');
  expect(await of('X-EASYSHIP-SIGNATURE', good, 'x-easyship-signature', good)).toBe('jwt_repeated');
  expect(JWT.headersOf(easyship)).toEqual(['x-easyship-signature']);
  expect([jwtProves(EASYSHIP), sayJwt(EASYSHIP)]).toEqual([
    'the sender only',
    '`X-EASYSHIP-SIGNATURE: <JWT, HS256>`',
  ]);
});

const digest = (encoding: 'hex' | 'base64' | 'base64url', body = BODY) =>
  createHash('sha256').update(body).digest(encoding);
const forms = {
  RS256: { algorithm: 'RS256', pair: rsa },
  ES256: { algorithm: 'ES256', pair: ec },
} as const;

test.each(Object.values(forms))(
  '$algorithm with the key in the setting, and a digest',
  async ({ algorithm, pair }) => {
    const form: JwtForm = {
      header: 'X-Verification',
      word: 'JWT',
      algorithm,
      binds: { digest: 'request_body_sha256', encoding: 'hex' },
    };
    const claims = { iat: NOW_SECONDS, request_body_sha256: digest('hex') };
    const secrets = [inline(pair.publicKey)];
    const make = (more: object = {}, header: object = { alg: algorithm }, key = pair.privateKey) =>
      `JWT ${signedBy(key, { ...claims, ...more }, header)}`;
    expect(await ask(form, make(), { secrets })).toBe('passes');
    expect(
      await ask(form, make(), { secrets: [JSON.stringify(pair.publicKey.export({ format: 'jwk' }))] }),
    ).toBe('passes');
    expect(await ask(form, make(), { secrets }, `${BODY} `)).toBe('jwt_body');
    expect(await ask(form, make({ request_body_sha256: 1 }), { secrets })).toBe('jwt_body');
    expect(await ask(form, make({ request_body_sha256: digest('base64') }), { secrets })).toBe('jwt_body');
    expect(await ask(form, make({ iat: NOW_SECONDS - 301 }), { secrets })).toBe('jwt_time');
    expect(await ask(form, make({ iat: undefined }), { secrets })).toBe('jwt_time');
    // A token names neither its algorithm nor where its key is.
    const jwk = other.publicKey.export({ format: 'jwk' });
    const hints = { jku: 'https://evil.example/jwks', x5u: 'https://evil.example/c.pem', jwk, x5c: ['x'] };
    expect(await ask(form, make({}, { alg: algorithm, ...hints }), { secrets })).toBe('passes');
    const forged = make({}, { alg: algorithm, ...hints }, (algorithm === 'RS256' ? other : rsa).privateKey);
    expect(await ask(form, forged, { secrets })).toBe('jwt_mismatch');
    for (const alg of ['none', 'HS256', 'RS512', 'PS256', 'ES384', algorithm === 'RS256' ? 'ES256' : 'RS256'])
      expect(await ask(form, make({}, { alg }), { secrets })).toBe('jwt_algorithm');
  },
);

test('a token that is signed by the text of the public key as if that were a secret is refused', async () => {
  const form: JwtForm = { header: 'X-Token', algorithm: 'RS256', binds: 'nothing' };
  const claims = `{"iat":${NOW_SECONDS}}`;
  for (const text of [pemOf(rsa.publicKey), inline(rsa.publicKey)]) {
    for (const alg of ['HS256', 'RS256']) {
      const forged = token(text, claims, `{"alg":"${alg}"}`);
      expect(await ask(form, forged, { secrets: [inline(rsa.publicKey)] })).toMatch(
        /^jwt_(algorithm|mismatch)$/,
      );
    }
  }
});

test('keys of another kind or too short are none, and the setting is told so', () => {
  const preset = (algorithm: JwtForm['algorithm']) =>
    custom({ name: 'acme', jwt: { header: 'X-Token', algorithm, binds: 'nothing' } });
  const short = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  for (const key of [short, ec]) expect(JWT.mistake(inline(key.publicKey), preset('RS256'))).toBeDefined();
  for (const key of [p384, rsa]) expect(JWT.mistake(inline(key.publicKey), preset('ES256'))).toBeDefined();
  expect(JWT.mistake(SECRET, preset('RS256'))?.wrong).toMatch(/^is not a public key for rsa-sha256/);
  expect(JWT.mistake(inline(rsa.publicKey), preset('HS256'))?.wrong).toContain('is a public key');
  expect(JWT.mistake(SECRET, preset('HS256'))).toBeUndefined();
  expect(JWT.mistake(inline(rsa.publicKey), preset('RS256'))).toBeUndefined();
});

test('published keys are found by kid, at the address of the preset whatever the token says', async () => {
  const form: JwtForm = {
    header: 'Authorization',
    word: 'Bearer',
    algorithm: 'ES256',
    binds: 'body',
    key: { jwks: 'https://keys.example.com/jwks' },
  };
  const asked: string[] = [];
  const jwk = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'one' };
  const published = new PublishedKeys({
    log: { info() {}, warn() {} },
    now: () => 0,
    async fetchText(address) {
      asked.push(address);
      return JSON.stringify({ keys: [jwk] });
    },
  });
  const make = (header: object) =>
    `Bearer ${signedBy(ec.privateKey, { ...JSON.parse(BODY), iat: NOW_SECONDS }, { alg: 'ES256', ...header })}`;
  const options = { secrets: [], published };
  expect(await ask(form, make({ kid: 'one', jku: 'https://evil.example/jwks' }), options)).toBe('passes');
  expect(await ask(form, make({ kid: 'two' }), options)).toBe('keys_unavailable');
  expect(await ask(form, make({ kid: 'one' }), options, '{}')).toBe('jwt_body');
  for (const kid of [undefined, 1, ['one'], { one: 1 }])
    expect(await ask(form, make({ kid }), options)).toBe('jwt_malformed');
  expect(asked).toEqual(['https://keys.example.com/jwks']);
  expect(await ask(form, make({ kid: 'one' }), { secrets: [] })).toBe('keys_unavailable');
  expect(await ask(form, make({ kid: 'x' }), { secrets: [inline(ec.publicKey)], published })).toBe('passes');
});

test.each([
  [EASYSHIP, SECRET, SECRET],
  [
    { header: 'X-T', algorithm: 'HS256', binds: { digest: 'd', encoding: 'base64' } } as const,
    SECRET,
    SECRET,
  ],
  [{ header: 'X-T', word: 'JWT', algorithm: 'HS256', binds: 'body' } as const, SECRET, SECRET],
  [
    { header: 'X-T', algorithm: 'ES256', binds: 'nothing' } as const,
    ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    inline(ec.publicKey),
  ],
])('what is signed by a datum passes it: %o', async (form, signing, checking) => {
  const value = await signJwt(signing, Buffer.from(BODY), NOW, form);
  expect(await ask(form, value, { secrets: [checking] })).toBe('passes');
});

test.each([
  [null, 'does not say in which header'],
  [{ ...EASYSHIP, header: 'a b' }, 'does not say in which header'],
  [{ ...EASYSHIP, word: 'a b' }, 'has a word'],
  [{ ...EASYSHIP, algorithm: 'none' }, 'has an algorithm that is none of HS256, RS256, ES256'],
  [{ ...EASYSHIP, binds: 'claims' }, 'binds none of'],
  [{ ...EASYSHIP, binds: { digest: 'd', encoding: 'utf8' } }, 'binds none of'],
  [{ ...EASYSHIP, required: 'iat' }, 'requires something else'],
  [{ ...EASYSHIP, key: { jwks: 'https://a.example.com/jwks' } }, 'of HS256 it is the text of the setting'],
  [
    { ...EASYSHIP, algorithm: 'RS256', key: { jwks: 'http://a.example.com/jwks' } },
    'not at an https:// address',
  ],
])('what cannot be is told: %o', (given, words) => {
  expect(jwtFlaws(given).join('\n')).toContain(words);
});
