/** The token itself: its form, its header, its signature, its times. What it says of the body is in jwt-body.test.ts. */
import { expect, test, vi } from 'vitest';
import { jwt } from '../../src/verify/jwt.ts';
import { SECRET } from '../harness/project.ts';
import { opensslMac, token } from '../harness/signing.ts';
import { NOW_SECONDS, verdict } from './verdict.ts';

const BODY = '{"job":"done"}';
const CLAIMS = `{"job":"done","iat":${NOW_SECONDS}}`;
const RETIRED = 'the-one-being-retired';
const GOOD = token(SECRET, CLAIMS);
const [HEADER = '', PAYLOAD = '', SIGNATURE = ''] = GOOD.split('.');
const verify = jwt({ secrets: [SECRET, RETIRED], toleranceSeconds: 300 });

function ask(authorization: string) {
  return verdict(verify, { rawHeaders: ['Authorization', authorization] }, BODY);
}

test.each([
  {
    vector: 'of Flatfile’s own sample',
    secret: 'your-very-secret-key',
    seconds: 1_700_000_000,
    body: '{"workbookId":"us_wb_1"}',
    jwt: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ3b3JrYm9va0lkIjoidXNfd2JfMSIsImlhdCI6MTcwMDAwMDAwMH0._B9ssPqHUElc8PouiAJ-znAE-XyU7Z87FCKszgbmPZw',
  },
  {
    vector: 'that jwt.io greets with',
    secret: 'your-256-bit-secret',
    seconds: 1_516_239_022,
    body: '{"name":"John Doe"}',
    jwt: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
  },
])('the literal vector $vector passes at its time and not an hour later', async (row) => {
  const ofVector = jwt({ secrets: [row.secret], toleranceSeconds: 300 });
  const rawHeaders = ['Authorization', `Bearer ${row.jwt}`];
  const at = (seconds: number) => verdict(ofVector, { rawHeaders, receivedAt: seconds * 1000 }, row.body);
  expect(await at(row.seconds)).toBe('passes');
  expect(await at(row.seconds + 3600)).toBe('jwt_time');
});

/** Another spelling of the same bytes: base64url leaves two or four bits of the last character unused. */
function respelt(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.at(-1) as string) ^ 1];
}

test.each([
  ['empty', ''],
  ['the scheme alone', 'Bearer'],
  ['the scheme and a space', 'Bearer '],
  ['no scheme', GOOD],
  ['another scheme', `Basic ${GOOD}`],
  ['two spaces', `Bearer  ${GOOD}`],
  ['a tab', `Bearer\t${GOOD}`],
  ['a space behind', `Bearer ${GOOD} `],
  ['two tokens', `Bearer ${GOOD}, Bearer ${GOOD}`],
  ['two segments', `Bearer ${HEADER}.${PAYLOAD}`],
  ['four segments', `Bearer ${GOOD}.`],
  ['five segments', `Bearer ${GOOD}.${PAYLOAD}.${SIGNATURE}`],
  ['no signature', `Bearer ${HEADER}.${PAYLOAD}.`],
  ['no payload', `Bearer ${HEADER}..${SIGNATURE}`],
  ['no header', `Bearer .${PAYLOAD}.${SIGNATURE}`],
  ['padding', `Bearer ${GOOD}=`],
  ['a line break inside', `Bearer ${HEADER}.${PAYLOAD}\n.${SIGNATURE}`],
  ['the other base64 alphabet', `Bearer ${HEADER}.${PAYLOAD}.${'+/'.repeat(21)}A`],
  ['another spelling of the signature', `Bearer ${HEADER}.${PAYLOAD}.${respelt(SIGNATURE)}`],
  ['a length no base64 has', `Bearer ${HEADER}.${PAYLOAD}.${SIGNATURE}AA`],
  ['a header that is not JSON', `Bearer ${token(SECRET, CLAIMS, 'none')}`],
  ['a header that is a list', `Bearer ${token(SECRET, CLAIMS, '["HS256"]')}`],
  ['two algorithms', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","alg":"none"}')}`],
  ['a payload that is not JSON', `Bearer ${token(SECRET, 'job=done')}`],
  ['a payload that is a text', `Bearer ${token(SECRET, '"done"')}`],
  ['a payload that is a number', `Bearer ${token(SECRET, '1')}`],
  ['a payload that is null', `Bearer ${token(SECRET, 'null')}`],
  ['a payload that is a list', `Bearer ${token(SECRET, `[${CLAIMS}]`)}`],
  ['a payload behind a byte order mark', `Bearer ${token(SECRET, `\uFEFF${CLAIMS}`)}`],
  ['a claim named twice', `Bearer ${token(SECRET, `{"job":"done","job":"done","iat":${NOW_SECONDS}}`)}`],
  ['a header of 2 kB', `Bearer ${token(SECRET, CLAIMS, `{"alg":"HS256","kid":"${'x'.repeat(2_048)}"}`)}`],
  ['a token inside a token', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","cty":"JWT"}')}`],
  ['an empty crit', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","crit":[]}')}`],
  ['a crit that names a claim', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","crit":["exp"],"exp":1}')}`],
  ['a crit that is a text', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","crit":"b64","b64":true}')}`],
  ['an unencoded payload', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","b64":false}')}`],
  ['the default for b64 spelt out', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","b64":true}')}`],
  ['a compressed payload', `Bearer ${token(SECRET, CLAIMS, '{"alg":"HS256","zip":"DEF"}')}`],
])('a token of the wrong form is malformed, though properly signed: %s', async (_title, authorization) => {
  expect(await ask(authorization)).toBe('jwt_malformed');
});

test.each([
  ...['"none"', '"None"', '"nOnE"', '""', '"hs256"', '"HS256 "', '"HS384"', '"HS512"', '"RS256"', '"ES256"'],
  ...['"PS256"', '"EdDSA"', '"dir"', '"A256GCM"', '["HS256"]', '{"HS256":1}', '256', 'true', 'null'],
])('no other algorithm is read, whatever the token is signed with: %s', async (alg) => {
  expect(await ask(`Bearer ${token(SECRET, CLAIMS, `{"alg":${alg},"typ":"JWT"}`)}`)).toBe('jwt_algorithm');
});

test('a header without an algorithm is refused', async () => {
  expect(await ask(`Bearer ${token(SECRET, CLAIMS, '{"typ":"JWT"}')}`)).toBe('jwt_algorithm');
});

const HINTS = [
  '{"alg":"HS256","kid":"../../../../dev/null"}',
  '{"alg":"HS256","kid":"x\' UNION SELECT \'key"}',
  '{"alg":"HS256","kid":"|id"}',
  '{"alg":"HS256","jku":"https://keys.example/jwks"}',
  '{"alg":"HS256","x5u":"https://keys.example/cert"}',
  '{"alg":"HS256","jwk":{"kty":"oct","k":"YXR0YWNrZXI"}}',
  '{"alg":"HS256","__proto__":{"alg":"none"}}',
  '{"alg":"HS256","typ":"anything"}',
];

test.each(HINTS)('a header never chooses the key: %s', async (header) => {
  expect(await ask(`Bearer ${token(SECRET, CLAIMS, header)}`)).toBe('passes');
  expect(await ask(`Bearer ${token('attacker', CLAIMS, header)}`)).toBe('jwt_mismatch');
  expect(await ask(`Bearer ${token('\0', CLAIMS, header)}`)).toBe('jwt_mismatch');
});

test.each([
  ['the current secret', `Bearer ${GOOD}`, 'passes'],
  ['the retired one', `Bearer ${token(RETIRED, CLAIMS)}`, 'passes'],
  ['the scheme in small letters', `bearer ${GOOD}`, 'passes'],
  ['another secret', `Bearer ${token('another', CLAIMS)}`, 'jwt_mismatch'],
  ['a shorter signature', `Bearer ${HEADER}.${PAYLOAD}.${SIGNATURE.slice(0, 40)}`, 'jwt_mismatch'],
  ['zeros for a signature', `Bearer ${HEADER}.${PAYLOAD}.${'A'.repeat(43)}`, 'jwt_mismatch'],
  ['the signature of other claims', `Bearer ${HEADER}.${PAYLOAD}.${signatureOf('{}')}`, 'jwt_mismatch'],
  ['the MAC of the payload alone', `Bearer ${HEADER}.${PAYLOAD}.${bare(PAYLOAD)}`, 'jwt_mismatch'],
])('the signature must be one of a live secret: %s', async (_title, authorization, expected) => {
  expect(await ask(authorization)).toBe(expected);
});

function signatureOf(payload: string): string {
  return token(SECRET, payload).split('.')[2] as string;
}

function bare(text: string): string {
  return opensslMac(SECRET, text).toString('base64url');
}

test.each([
  ['none', [], 'jwt_missing'],
  ['a name spelt otherwise', ['X-Authorization', `Bearer ${GOOD}`], 'jwt_missing'],
  ['the proxy’s own', ['Proxy-Authorization', `Bearer ${GOOD}`], 'jwt_missing'],
  ['any case', ['aUTHORIZATION', `Bearer ${GOOD}`], 'passes'],
  ['good, then bad', ['Authorization', `Bearer ${GOOD}`, 'authorization', 'Bearer x'], 'jwt_repeated'],
  ['bad, then good', ['authorization', 'Basic eDp5', 'Authorization', `Bearer ${GOOD}`], 'jwt_repeated'],
  ['good twice', ['Authorization', `Bearer ${GOOD}`, 'Authorization', `Bearer ${GOOD}`], 'jwt_repeated'],
] as const)('there is exactly one Authorization header: %s', async (_title, rawHeaders, expected) => {
  expect(await verdict(verify, { rawHeaders }, BODY)).toBe(expected);
});

test('claims that nobody has signed are not parsed', async () => {
  const nested = `{"a":${'[],'.repeat(5_000)}1}`;
  const parse = vi.spyOn(JSON, 'parse');
  expect(await ask(`Bearer ${token('another', nested)}`)).toBe('jwt_mismatch');
  expect(parse.mock.calls.filter(([text]) => text.includes('[],'))).toEqual([]);
  parse.mockRestore();
});

const T = NOW_SECONDS;

test.each([
  ['no iat', '', 'jwt_time'],
  ['iat 300 s ago', `"iat":${T - 300}`, 'passes'],
  ['iat 301 s ago', `"iat":${T - 301}`, 'jwt_time'],
  ['iat 300 s ahead', `"iat":${T + 300}`, 'passes'],
  ['iat 301 s ahead', `"iat":${T + 301}`, 'jwt_time'],
  ['iat as a text', `"iat":"${T}"`, 'jwt_time'],
  ['iat with a fraction', `"iat":${T}.5`, 'jwt_time'],
  ['iat with an empty fraction', `"iat":${T}.0`, 'jwt_time'],
  ['iat with an exponent', '"iat":1.795e9', 'jwt_time'],
  ['iat beyond every number', '"iat":1e400', 'jwt_time'],
  ['iat of four hundred digits', `"iat":${'9'.repeat(400)}`, 'jwt_time'],
  ['iat in milliseconds', `"iat":${T}000`, 'jwt_time'],
  ['iat negative', `"iat":-${T}`, 'jwt_time'],
  ['iat null', '"iat":null', 'jwt_time'],
  ['iat true', '"iat":true', 'jwt_time'],
  ['iat in a list', `"iat":[${T}]`, 'jwt_time'],
  ['exp ahead', `"iat":${T},"exp":${T + 1}`, 'passes'],
  ['exp now', `"iat":${T},"exp":${T}`, 'jwt_time'],
  ['exp past', `"iat":${T},"exp":${T - 1}`, 'jwt_time'],
  ['exp ahead of an old iat', `"iat":${T - 3600},"exp":${T + 3600}`, 'jwt_time'],
  ['exp without iat', `"exp":${T + 60}`, 'jwt_time'],
  ['exp beyond every number', `"iat":${T},"exp":1e400`, 'jwt_time'],
  ['exp as a text', `"iat":${T},"exp":"${T + 60}"`, 'jwt_time'],
  ['exp null', `"iat":${T},"exp":null`, 'jwt_time'],
  ['nbf now', `"iat":${T},"nbf":${T}`, 'passes'],
  ['nbf ahead', `"iat":${T},"nbf":${T + 1}`, 'jwt_time'],
  ['nbf as a text', `"iat":${T},"nbf":"0"`, 'jwt_time'],
])('the token’s times are whole seconds that hold on our clock: %s', async (_title, times, expected) => {
  const claims = times === '' ? BODY : `{"job":"done",${times}}`;
  expect(await ask(`Bearer ${token(SECRET, claims)}`)).toBe(expected);
  expect(await ask(`Bearer ${token(RETIRED, claims)}`)).toBe(expected);
});
