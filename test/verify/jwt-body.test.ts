/** What the token says of the body: each member is the claim of that name, and no claim is left over. */
import { expect, test, vi } from 'vitest';
import { verifiersOf } from '../../src/verify/checks.ts';
import { fingerprintOf } from '../../src/verify/fingerprint.ts';
import { jwt, signJwt } from '../../src/verify/jwt.ts';
import type { BodyCheck } from '../../src/verify/verifier.ts';
import { SECRET } from '../harness/project.ts';
import { token } from '../harness/signing.ts';
import { GOOD, sourceOf } from '../serve/config/reading.ts';
import { head, NOW, NOW_SECONDS, verdict } from './verdict.ts';

const RETIRED = 'the-one-being-retired';

const verify = jwt({ secrets: [SECRET], toleranceSeconds: 300 });

/** `claims` are members, to which `iat` is added. */
function ask(claims: string, body: Buffer | string) {
  const payload = `{${claims}${claims === '' ? '' : ','}"iat":${NOW_SECONDS}}`;
  return verdict(verify, { rawHeaders: ['Authorization', `Bearer ${token(SECRET, payload)}`] }, body);
}

const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

test.each([
  ['the same text', '"a":1,"b":"x"', '{"a":1,"b":"x"}'],
  ['another order', '"a":1,"b":{"c":1,"d":2}', '{"b":{"d":2,"c":1},"a":1}'],
  ['other white space', '"a":[1,2]', ' {\n\t"a" : [ 1 , 2 ]\r\n} '],
  ['other escapes of the same text', '"a":"\\u0041é\\/"', '{"\\u0061":"A\\u00e9/"}'],
  ['nothing to say', '', '{}'],
  ['a byte order mark', '"a":1', '\uFEFF{"a":1}'],
  ['the body’s own iat', '', `{"iat":${NOW_SECONDS}}`],
  ['registered claims beside it', '"iss":"flatfile","sub":"s","aud":["a"],"jti":"1","a":1', '{"a":1}'],
  ['a number beyond 2^53, digit by digit', '"id":9007199254740993', '{"id":9007199254740993}'],
  ['a number no double holds', '"id":1e400', '{"id":1e400}'],
  ['an escaped zero and half a surrogate', '"a":"\\u0000\\ud800"', '{"a":"\\u0000\\ud800"}'],
  ['a member named like every object’s parent', '"__proto__":{"x":1}', '{"__proto__":{"x":1}}'],
  ['20,000 levels', `"a":${DEEP}`, `{"a":${DEEP}}`],
])('a body that is what the claims say passes: %s', async (_title, claims, body) => {
  expect(await ask(claims, body)).toBe('passes');
});

test.each([
  ['another value', '"a":1', '{"a":2}'],
  ['another kind of value', '"a":1', '{"a":"1"}'],
  ['a member more', '"a":1', '{"a":1,"b":2}'],
  ['a member less', '"a":1,"b":2', '{"a":1}'],
  ['a member less, whose claim is null', '"a":1,"b":null', '{"a":1}'],
  ['another case of a name', '"a":1', '{"A":1}'],
  ['a registered name that says otherwise', '"iss":"flatfile"', '{"iss":"somebody"}'],
  ['another iat', '', `{"iat":${NOW_SECONDS + 1}}`],
  ['the next number beyond 2^53', '"id":9007199254740993', '{"id":9007199254740992}'],
  ['the same number written otherwise', '"a":1', '{"a":1.0}'],
  ['minus zero', '"a":0', '{"a":-0}'],
  ['a member named twice, good first', '"a":1', '{"a":1,"a":2}'],
  ['a member named twice, good last', '"a":1', '{"a":2,"a":1}'],
  ['a nested member named twice', '"a":{"b":1}', '{"a":{"b":2,"b":1}}'],
  ['a nested difference', '"a":{"b":[1,{"c":true}]}', '{"a":{"b":[1,{"c":false}]}}'],
  ['a nested member less', '"a":{"b":1,"c":2}', '{"a":{"b":1}}'],
  ['a nested member more', '"a":{"b":1}', '{"a":{"b":1,"c":2}}'],
  ['a list in another order', '"a":[1,2]', '{"a":[2,1]}'],
  ['a longer list', '"a":[1]', '{"a":[1,null]}'],
  ['a list for an object', '"a":{}', '{"a":[]}'],
  ['another normal form of the same letter', '"a":"\\u00e9"', '{"a":"e\\u0301"}'],
  ['a parent left out', '"__proto__":{"x":1}', '{}'],
  ['a parent put in', '', '{"__proto__":{"x":1}}'],
  ['a name every object has', '', '{"constructor":null}'],
  ['one level more', `"a":${DEEP}`, `{"a":[${DEEP}]}`],
  ['the claims in a list', '"a":1', '[{"a":1}]'],
  ['nothing', '', ''],
  ['null', '', 'null'],
  ['not JSON', '"a":1', 'a=1'],
  ['something behind the JSON', '"a":1', '{"a":1}x'],
  ['two byte order marks', '"a":1', '\uFEFF\uFEFF{"a":1}'],
])('any other body is refused: %s', async (_title, claims, body) => {
  expect(await ask(claims, body)).toBe('jwt_body');
});

test('a body that is not UTF-8 is not what any claim says', async () => {
  const invalid = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  expect(await ask('"a":"\uFFFD"', invalid)).toBe('jwt_body');
});

const IAT = `"iat":${NOW_SECONDS}`;
const explained = (claims: string) => 8 * `{${claims},${IAT}}`.length + 4_096;

test('a body may be as long as its token can explain, and is not parsed if it is longer', async () => {
  const claims = '"a":[1,2]';
  const padded = (length: number) => `{${claims}${' '.repeat(length - claims.length - 2)}}`;
  expect(await ask(claims, padded(explained(claims)))).toBe('passes');
  expect(await ask(claims, padded(explained(claims) + 1))).toBe('jwt_body');
  const parse = vi.spyOn(JSON, 'parse');
  const nested = `{"a":${'[],'.repeat(8_000_000)}1}`;
  expect(await ask(claims, nested)).toBe('jwt_body');
  expect(parse.mock.calls.filter(([text]) => text.length > 1_000)).toEqual([]);
  parse.mockRestore();
});

/** The digest of what a token says, as it is kept with the proof. */
async function said(claims: string, body: string, secret = SECRET): Promise<string | undefined> {
  const rawHeaders = ['Authorization', `Bearer ${token(secret, `{${claims}}`)}`];
  const check = await jwt(
    { secrets: [SECRET, RETIRED], toleranceSeconds: 300 },
    '_accessToken',
  )(head({ rawHeaders }));
  return (await (check as BodyCheck)(Buffer.from(body))).claims;
}

test.each([
  ['other white space', `"a":[1],"b":"é",${IAT}`, '{ "a" : [ 1 ], "b" : "é" }'],
  ['another order', `"a":[1],"b":"é",${IAT}`, '{"b":"é","a":[1]}'],
  ['other escapes', `"a":[1],"b":"é",${IAT}`, '{"\\u0061":[1],"b":"\\u00e9"}'],
  ['its own iat', `"a":[1],"b":"é",${IAT}`, `{"a":[1],"b":"é",${IAT}}`],
  ['a byte order mark', `"a":[1],"b":"é",${IAT}`, '\uFEFF{"a":[1],"b":"é"}'],
  ['claims in another order', `${IAT},"b":"\\u00e9","a":[1]`, '{"a":[1],"b":"é"}'],
  ['a later time', `"a":[1],"b":"é","iat":${NOW_SECONDS + 1}`, '{"a":[1],"b":"é"}'],
  [
    'all that is about a token',
    `"a":[1],"b":"é",${IAT},"exp":${NOW_SECONDS + 9},"nbf":1,"jti":"2"`,
    '{"a":[1],"b":"é"}',
  ],
  [
    'another credential that is cut',
    `"a":[1],"b":"é","_accessToken":"x",${IAT}`,
    '{"a":[1],"b":"é","_accessToken":"x"}',
  ],
])(
  'a token says the same of an event, however it is written and whenever it is signed: %s',
  async (_title, claims, body) => {
    const same = await said(`"a":[1],"b":"é",${IAT}`, '{"a":[1],"b":"é"}');
    expect(same).toMatch(/^[0-9a-f]{64}$/);
    expect(await said(claims, body)).toBe(same);
    expect(await said(claims, body, RETIRED)).toBe(same);
  },
);

test.each([
  ['a member', `"a":[2],"b":"é",${IAT}`, '{"a":[2],"b":"é"}'],
  ['a number written otherwise', `"a":[1.0],"b":"é",${IAT}`, '{"a":[1.0],"b":"é"}'],
  [
    'a nested member named like a time',
    `"a":[1],"b":"é","c":{"iat":1},${IAT}`,
    '{"a":[1],"b":"é","c":{"iat":1}}',
  ],
  ['whom it is about', `"a":[1],"b":"é","sub":"2",${IAT}`, '{"a":[1],"b":"é"}'],
])('what is not the same says something else: %s', async (_title, claims, body) => {
  expect(await said(claims, body)).not.toBe(await said(`"a":[1],"b":"é",${IAT}`, '{"a":[1],"b":"é"}'));
});

test('a check that is only observed does not say by what copies are known', async () => {
  const env = { FLATFILE_WEBHOOK_TOKEN: GOOD, FLATFILE_JWT_SECRET: GOOD };
  const provenBy = async (more: object) => {
    const verifiers = verifiersOf(sourceOf({ ...env, ...more }, 'flatfile'), 300, {
      follow: () => () => true,
    });
    const rawHeaders = ['Authorization', `Bearer ${token(GOOD, `{"a":1,${IAT}}`)}`];
    const check = await verifiers.at(-1)?.(head({ rawHeaders }));
    return (check as BodyCheck)(Buffer.from('{"a":1}'));
  };
  expect(await provenBy({})).toEqual({
    scheme: 'jwt',
    secret: fingerprintOf(GOOD),
    claims: await said(`"a":1,${IAT}`, '{"a":1}'),
  });
  expect(await provenBy({ FLATFILE_OBSERVE: 'jwt' })).toEqual({ scheme: 'jwt', secret: fingerprintOf(GOOD) });
});

test('a body behind a byte order mark is signed by what it says', async () => {
  const body = Buffer.from('\uFEFF{"a":1}');
  const rawHeaders = ['Authorization', await signJwt(SECRET, body, NOW)];
  expect(await verdict(verify, { rawHeaders }, body)).toBe('passes');
});

test('a body with one text of twenty megabytes is refused like any other', async () => {
  expect(await ask('"a":1', `{"a":"${'x'.repeat(20 * 1_048_576)}"}`)).toBe('jwt_body');
});
