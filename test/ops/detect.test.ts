/** `consignee detect`: how a captured request is signed, by signatures that others have published and by invented senders. */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { custom, type Preset } from 'consignee';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readCaptured } from '../../src/ops/detect/captured.ts';
import { bearingIn, guessOf } from '../../src/ops/detect/guess.ts';
import { FormSearch } from '../../src/ops/detect/search.ts';
import { run } from '../../src/ops/detect.ts';
import { signForm } from '../../src/verify/form/signed.ts';
import { verifyForms } from '../../src/verify/form/verifier.ts';
import type { SignatureForm } from '../../src/verify/form/vocabulary.ts';
import { startApp } from '../harness/app.ts';
import { ROOT } from '../harness/project.ts';
import { token } from '../harness/signing.ts';

interface Published {
  readonly provider: string;
  readonly expect: 'valid' | 'invalid';
  readonly keys: readonly string[];
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
const VECTORS: readonly Published[] = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/signatures/published.json'), 'utf8'),
);
const SECRET = 'an-invented-secret-of-detect-0123456789';
/** No part of it stands in what is said anyway. */
const TELLING = 'CanarySecretValue_123456';
const BODY =
  '{"event": {"id": "evt_9"}, "type": "parcel.moved", "note": "d\u00e9j\u00e0 vu / \u{1f4e6}", "weight": 12.0}\n';
const URL_THERE = 'https://hooks.example.com/in?a=1';

const folder = mkdtempSync(join(tmpdir(), 'consignee-detect-'));
afterAll(() => rmSync(folder, { recursive: true }));
let said = '';
beforeEach(() => {
  said = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
  }
});
afterEach(() => vi.restoreAllMocks());

type Headers = Readonly<Record<string, string>>;

function raw(headers: Headers, body: Buffer | string, target = '/in', end = '\r\n'): Buffer {
  const lines = [
    `POST ${target} HTTP/1.1`,
    ...Object.entries(headers).map((header) => header.join(': ')),
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join(end), 'latin1'), Buffer.from(body)]);
}

/** As somebody would write it for bash, any byte. */
function curl(headers: Headers, body: Buffer | string, url = URL_THERE): Buffer {
  const letters = [...Buffer.from(body)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const lines = Object.entries(headers).map((header) => ` \\\n  -H '${header.join(': ')}'`);
  return Buffer.from(
    `curl -sS -X POST '${url}'${lines.join('')} \\\n  --data-binary $'${letters}'\n`,
    'latin1',
  );
}

function har(headers: Headers, body: Buffer | string, url = URL_THERE): Buffer {
  const request = {
    method: 'POST',
    url,
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    postData: {
      mimeType: 'application/json',
      text: Buffer.from(body).toString('base64'),
      encoding: 'base64',
    },
  };
  const page = { request: { method: 'GET', url: '/', headers: [] } };
  return Buffer.from(JSON.stringify({ log: { entries: [page, { request }, page] } }));
}

async function detect(secret: string, request: Buffer, ...more: string[]): Promise<number> {
  writeFileSync(join(folder, 'secret'), secret);
  writeFileSync(join(folder, 'request'), request);
  return await run(['--secret-file', join(folder, 'secret'), '--request', join(folder, 'request'), ...more]);
}

// With a key that is fetched there is no secret to search with.
const valid = VECTORS.filter((vector) => vector.expect === 'valid' && vector.keys.length > 0);

test.each(valid.map((vector, at) => ({ ...vector, at })))(
  'finds $provider in a published request (row $at), in whichever form it was captured',
  async ({ provider, keys, url, headers, body, at }) => {
    const bytes = Buffer.from(body, 'base64');
    const target = URL.parse(url ?? '');
    const capture = [raw(headers, bytes, `${target?.pathname ?? '/'}${target?.search ?? ''}`), curl, har][
      at % 3
    ];
    const request = typeof capture === 'function' ? capture(headers, bytes, url) : (capture as Buffer);
    const registered = url === undefined ? [] : ['--public-url', url];
    expect(await detect(`${keys.join('\n')}\n`, request, ...registered), said).toBe(0);
    const itself = `It is the preset ${provider}:\n\n  consignee add ${provider}\n`;
    const among = `These sign alike, so take the one that sends: [^.]*\\b${provider}\\b`;
    expect(said).toMatch(new RegExp(`${itself}|${among}`));
    for (const key of keys.filter((one) => one.length > 6)) expect(said).not.toContain(key);
  },
);

test('a published signature of another body fits nothing, and nothing is said by which one could sign', async () => {
  const [{ keys, headers, body }] = VECTORS.filter(({ provider }) => provider === 'github') as [Published];
  const [key = ''] = keys;
  const bytes = Buffer.concat([Buffer.from(body, 'base64').subarray(0, -1), Buffer.from(',"a":1}')]);
  expect(await detect(key, raw(headers, bytes))).toBe(1);
  expect(said).toMatch(
    /^X-Hub-Signature-256: hmac-sha256 in hex, key as "text", over \{body\} \(19 bytes\) differs from character \d+ on$/m,
  );
  expect(said).toContain('Is it the secret of this endpoint?');
  const made = createHmac('sha256', key).update(bytes).digest();
  for (const text of [key, made.toString('hex'), made.toString('base64')]) expect(said).not.toContain(text);
});

const mac = (text: string | Buffer, hash = 'sha256', key: string | Buffer = SECRET) =>
  createHmac(hash, key).update(text).digest();
const seconds = '1795341600';

test.each([
  [
    'a header of its own',
    { 'X-Parcelo-Signature': mac(BODY).toString('base64') },
    "{ in: { header: 'X-Parcelo-Signature' }, encoding: 'base64', algorithm: 'hmac-sha256', signed: '{body}' }",
  ],
  [
    'time, id and body with bars, SHA-512',
    {
      'X-Parcelo-Time': seconds,
      'X-Parcelo-Id': 'd-7',
      'X-Parcelo-Signature': `v2=${mac(`${seconds}|d-7|${BODY}`, 'sha512').toString('hex')}`,
    },
    "signed: '{time}|{header:X-Parcelo-Id}|{body}', time: { from: 'header:X-Parcelo-Time', unit: 's' }",
  ],
  [
    'pairs with milliseconds',
    { 'X-Parcelo-Signature': `ts=${seconds}123;sig=${mac(`${seconds}123:${BODY}`, 'sha1').toString('hex')}` },
    "layout: { pairs: ';', mac: 'sig' }, encoding: 'hex', algorithm: 'hmac-sha1', signed: '{time}:{body}', time: { from: 'pair:ts', unit: 'ms' }",
  ],
  [
    'the version before the time',
    {
      'X-Parcelo-At': '2026-11-22T10:00:00Z',
      'X-Parcelo-Signature': `v1=${mac(`v1:2026-11-22T10:00:00Z:${BODY}`).toString('hex')}`,
    },
    "signed: 'v1:{time}:{body}'",
  ],
  [
    'a list, and the digest of the body',
    {
      'X-Parcelo-Signature': `k1,${mac(createHmac('sha256', '').update('no').digest()).toString('base64')} k2,${mac(`POST\n/in?a=1\n${BODY}`).toString('base64')}`,
    },
    "layout: { list: ' ', tag: 'k2', mark: ',' }",
  ],
  [
    'the version in a pair of its own',
    {
      'X-Parcelo-Signature': `v=v2;ts=${seconds}123;mac=${mac(`v2:${seconds}123:${BODY}`, 'sha512').toString('base64')}`,
    },
    "layout: { pairs: ';', mac: 'mac' }, encoding: 'base64', algorithm: 'hmac-sha512', signed: 'v2:{time}:{body}'",
  ],
  [
    'base64 of JSON with the signature in it',
    { 'X-Parcelo-Signature': btoa(JSON.stringify({ kid: 'a', mac: mac(BODY).toString('hex') })) },
    "layout: { json64: 'mac' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}'",
  ],
  [
    'a short secret as Basic has it, in base64 of few letters',
    { Authorization: `Basic ${btoa('me:pw')}` },
    "prefix: 'Basic ', encoding: 'base64', algorithm: 'equal'",
    'me:pw',
  ],
  ['the secret itself', { 'X-Parcelo-Key': `Token ${SECRET}` }, "prefix: 'Token ', algorithm: 'equal'"],
  [
    'the secret as Basic has it',
    { Authorization: `Basic ${Buffer.from(SECRET).toString('base64')}` },
    "prefix: 'Basic ', encoding: 'base64', algorithm: 'equal'",
  ],
] as const)('finds %s, as a preset to paste', async (_what, headers, form, secret: string = SECRET) => {
  expect(await detect(secret, raw({ Host: 'hooks.example.com', ...headers }, BODY, '/in?a=1')), said).toBe(0);
  expect(said).toContain(form);
  expect(said).toMatch(/^ {2}id: \[ \[ 'event', 'id' \] \],\n {2}type: \[ \[ 'type' \] \],$/m);
  expect(said).not.toContain(secret);
});

test('what is pasted from it takes the next request of that sender', async () => {
  const publicUrl = 'https://hooks.example.com/webhooks/truckly';
  const key = 'ab'.repeat(32);
  const requestAt = (time: string, body: string) => {
    const text = `POST\n/webhooks/truckly\n${time}\n${createHash('sha256').update(body).digest('hex')}`;
    const signature = mac(text, 'sha256', Buffer.from(key, 'hex')).toString('base64url');
    return { 'X-Truckly-Date': time, 'X-Truckly-Delivery': 'd-1', 'X-Truckly-Signature': signature };
  };
  const headers = requestAt('2026-11-22T10:00:00.123Z', BODY);
  expect(await detect(key, curl(headers, BODY, publicUrl)), said).toBe(0);
  expect(said).toContain('  { preset: truckly, handlers: { log } },\n');
  expect(said).toContain('TRUCKLY_PUBLIC_URL is what is registered there');
  const [, pasted] = /^const truckly = (custom\(\{.*?^\}\));$/ms.exec(said) ?? [];
  const preset = new Function('custom', `return ${pasted}`)(custom) as Preset;
  const app = await startApp([{ name: 'truckly', preset, scheme: 'hmac', secrets: [key], publicUrl }]);
  try {
    const post = async (time: string, body: string, sent = body) => {
      const options = { method: 'POST', headers: requestAt(time, body), body: sent };
      return (await fetch(`${app.url}/webhooks/truckly`, options)).status;
    };
    const now = new Date().toISOString();
    expect(await post(now, '{"event":{"id":"evt_10"}}')).toBe(200);
    expect(await post(now, '{"event":{"id":"evt_11"}}', '{"event":{"id":"evt_12"}}')).toBe(401);
    expect(await post('2026-11-22T10:00:00.123Z', BODY)).toBe(401);
    expect(app.bodiesOf('truckly').map(String)).toEqual(['{"event":{"id":"evt_10"}}']);
  } finally {
    await app.stop();
  }
});

test('guesses an id in an envelope, and says what follows where there is none', async () => {
  const signed = (body: string) => raw({ 'X-Parcelo-Signature': mac(body).toString('hex') }, body);
  expect(
    await detect(SECRET, signed('{"notification":{"uuid":"n-1","kind":"lost"},"parcel":{"state":"x"}}')),
  ).toBe(0);
  expect(said).toMatch(
    /^ {2}id: \[ \[ 'notification', 'uuid' \] \],\n {2}type: \[ \[ 'notification', 'kind' \] \],$/m,
  );
  // Pasted as it is it would import again what most wirings import.
  expect(said).not.toMatch(/^import /m);
  expect(said).toContain("import custom and log from 'consignee', beside what it imports\nalready.");
  expect(await detect(SECRET, signed('{"parcel":{"state":"x"}}'))).toBe(0);
  expect(said).toContain('No id was found: ');
});

test('finds a signature beside a time and a token in the body', async () => {
  const signature = mac(`${seconds}abc`).toString('hex');
  const body = JSON.stringify({ proof: { at: Number(seconds), token: 'abc', signature } });
  expect(await detect(SECRET, raw({}, body))).toBe(0);
  expect(said).toContain(
    "signed: '{time}{member:proof.token}', time: { from: 'member:proof.at', unit: 's' }",
  );
});

test.each([
  ['ed25519', generateKeyPairSync('ed25519')],
  ['ecdsa-sha256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['rsa-sha256', generateKeyPairSync('rsa', { modulusLength: 2_048 })],
] as const)(
  'finds %s by the public key, in PEM over several lines',
  async (algorithm, { privateKey, publicKey }) => {
    const made = sign(
      algorithm === 'ed25519' ? null : 'sha256',
      Buffer.from(`${seconds}.${BODY}`),
      privateKey,
    );
    const headers = { 'X-Parcelo-Time': seconds, 'X-Parcelo-Signature': made.toString('base64') };
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(await detect(`${pem}${SECRET}\n`, raw(headers, BODY))).toBe(0);
    expect(said).toContain(`algorithm: '${algorithm}', signed: '{time}.{body}'`);
  },
);

test('says which of several secrets it was, and how old the request is', async () => {
  const headers = { 'Stripe-Signature': `t=${seconds},v1=${mac(`${seconds}.${BODY}`).toString('hex')}` };
  writeFileSync(join(folder, 'former'), `another-former-secret-0123456789\n${SECRET}\n`);
  expect(
    await detect('newest-secret-0123456789', raw(headers, BODY), '--previous', join(folder, 'former')),
  ).toBe(0);
  expect(said).toContain('Found, with secret 3 of 3, after ');
  expect(said).toMatch(
    /This request is not fresh: the signed timestamp is \d+ s (behind|ahead of) our clock/,
  );
});

test('of presets that sign alike all are said', async () => {
  expect(
    await detect(SECRET, raw({ 'X-Hub-Signature-256': `sha256=${mac(BODY).toString('hex')}` }, BODY)),
  ).toBe(0);
  expect(said).toMatch(/^These sign alike, so take the one that sends: .*\bmeta\b/m);
});

test('SHA-1 where something better is known is told, with the setting that allows it', async () => {
  const signature = `sha1=${mac(BODY, 'sha1').toString('hex')}`;
  expect(await detect(SECRET, raw({ 'X-Hub-Signature': signature }, BODY))).toBe(0);
  expect(said).toContain('take the one that sends: intercom.');
  expect(said).toContain('have it send SHA-256, or set FLEXPORT_ALLOW_SHA1=true.');
});

test('a signed URL is told, with the setting that must say it', async () => {
  const headers = { 'X-Parcelo-Signature': mac(`${URL_THERE}${BODY}`).toString('hex') };
  expect(await detect(SECRET, raw(headers, BODY, '/elsewhere?a=1'))).toBe(1);
  expect(await detect(SECRET, raw(headers, BODY, '/elsewhere?a=1'), '--public-url', URL_THERE)).toBe(0);
  expect(said).toContain('The URL is signed: PARCELO_PUBLIC_URL is what is registered there.');
});

const compact = JSON.stringify(JSON.parse(BODY));

test.each([
  ['the body without the line break at its end', `${BODY}\n`, SECRET],
  ['the body with a line break at its end', BODY.slice(0, -1), SECRET],
  ['the body with line breaks of CR LF', '{\n"a": 1}', SECRET, '{\r\n"a": 1}'],
  [
    'the body written anew as JSON without blanks',
    JSON.stringify(JSON.parse(BODY), null, 2),
    SECRET,
    compact,
  ],
  [
    'the body written anew as JSON, indented by two',
    compact,
    SECRET,
    JSON.stringify(JSON.parse(BODY), null, 2),
  ],
  [
    'the body written anew as JSON with a blank behind commas and colons',
    '{"a":1,"b":"x, y: z"}',
    SECRET,
    '{"a": 1, "b": "x, y: z"}',
  ],
  [
    'the body written anew as JSON without blanks, letters as \\uXXXX',
    '{"a": "\u00e9"}',
    SECRET,
    '{"a":"\\u00e9"}',
  ],
  ['the secret with a line break at its end', BODY, SECRET, BODY, `${SECRET}\n`],
  ['the secret without the quotes around it', BODY, `'${SECRET}'`],
  ['the secret without the name and = before it', BODY, `ACME_WEBHOOK_SECRET=${SECRET}`],
  ['the secret without the word before its first _', BODY, `whsec_${SECRET}`],
  [
    'the secret encoded in base64: it was decoded before',
    BODY,
    SECRET,
    BODY,
    Buffer.from(SECRET).toString('base64'),
  ],
])('says that it would be right for %s', async (words, captured, secret, signed = BODY, key = SECRET) => {
  const headers = { 'X-Parcelo-Signature': mac(signed, 'sha256', key).toString('hex') };
  expect(await detect(secret, raw(headers, captured)), said).toBe(1);
  expect(said).toContain(
    `It would be right for ${words}. Then it is { in: { header: 'X-Parcelo-Signature' }`,
  );
});

test('says that a digest is right where no form has its case, or its layout', async () => {
  const headers = { 'X-Parcelo-Signature': mac(BODY).toString('base64').toLowerCase() };
  expect(await detect(SECRET, raw(headers, BODY))).toBe(1);
  expect(said).toContain('over {body} (95 bytes) is right, in another letter case or alphabet');
  const spaced = { 'X-Parcelo-Signature': `t=${seconds}, v1=${mac(`${seconds}.${BODY}`).toString('hex')}` };
  expect(await detect(SECRET, raw(spaced, BODY))).toBe(1);
  expect(said).toContain('over {time}.{body} (106 bytes) is right, but no form has such a layout');
});

test('says that it is a token in the URL, or a JWT, which no form is', async () => {
  const bearer = { Authorization: `Bearer ${token(SECRET, '{"a":1}')}` };
  expect(await detect(SECRET, raw(bearer, '{}', `/in?token=${SECRET}`))).toBe(1);
  expect(said).toContain('The secret stands in the URL: that is the scheme token');
  expect(said).toContain("jwt: { header: 'Authorization', word: 'Bearer', algorithm: 'HS256' }");
  expect(said).not.toContain('Is it the secret of this endpoint?');
  expect(said).not.toContain(SECRET);
});

test('says that a body is not as long as it was', async () => {
  expect(await detect(SECRET, raw({ 'Content-Length': '999' }, '{}'))).toBe(1);
  expect(said).toContain('Its Content-Length says 999: the body is not what was sent.');
});

test.each([
  ['a raw message with LF alone', raw({ 'X-A': 'b' }, BODY, '/in', '\n')],
  ['headers without a request line', Buffer.from(`X-A: b\n\n${BODY}`)],
  [
    'chunks',
    raw(
      { 'X-A': 'b', 'Transfer-Encoding': 'chunked' },
      `5;x=y\r\n${BODY.slice(0, 5)}\r\n${(Buffer.byteLength(BODY) - 5).toString(16)}\r\n${BODY.slice(5)}\r\n0\r\n\r\n`,
    ),
  ],
  ['chunks that were joined', raw({ 'X-A': 'b', 'Transfer-Encoding': 'chunked' }, BODY)],
  ['an archive', har({ ':path': '/', 'X-A': 'b' }, BODY)],
  ['curl', curl({ 'X-A': 'b' }, BODY)],
  [
    'curl with double quotes',
    Buffer.from(`$ curl https://x.example -H "X-A: b" -d "${BODY.replaceAll('"', '\\"')}"`),
  ],
  [
    'curl as a browser copies it',
    Buffer.from(
      `curl 'https://x.example/' \\\r\n  -H 'X-A: b' \\\r\n  --data-raw $'${BODY.replace('\u{1f4e6}', '\\ud83d\\udce6').replaceAll('\n', '\\n')}' \\\r\n  --compressed`,
    ),
  ],
])('reads %s to the byte', (_what, bytes) => {
  const { body, rawHeaders } = readCaptured(bytes);
  expect(body.toString()).toBe(BODY);
  expect(rawHeaders.slice(0, 2)).toEqual(['X-A', 'b']);
});

test('a file that curl would send is read as curl would', () => {
  const file = join(folder, 'body');
  writeFileSync(file, 'a\r\nb\n');
  const bodyOf = (option: string) => readCaptured(Buffer.from(`curl x ${option}`)).body.toString();
  expect(bodyOf(`--data-binary @${file}`)).toBe('a\r\nb\n');
  expect(bodyOf(`-d@${file} -d c`)).toBe('ab&c');
  expect(bodyOf(`--data-raw @${file}`)).toBe(`@${file}`);
  const { url } = readCaptured(
    Buffer.from('curl -x http://a -e http://b -d http://c https://x.example/in -o d'),
  );
  expect(url).toBe('https://x.example/in');
  expect(readCaptured(Buffer.from('curl x -u me:pw -d 1')).rawHeaders).toEqual([
    'Authorization',
    'Basic bWU6cHc=',
  ]);
});

test.each([
  ['no request', []],
  ['a request that is none', ['--request', join(folder, 'secret')]],
  ['a request that is not there', ['--request', join(folder, 'none')]],
  ['a curl command without a body', ['--request', join(folder, 'empty')]],
  ['a curl command with a file that has no end', ['--request', join(folder, 'endless')]],
  ['a curl command with a file that is not there', ['--request', join(folder, 'nowhere')]],
  ['a request that has no end', ['--request', '/dev/zero']],
  ['an archive that is no JSON', ['--request', join(folder, 'broken')]],
  ['an archive of nothing', ['--request', join(folder, 'hollow')]],
  ['an option that there is not', ['--request', join(folder, 'request'), '--send']],
  ['a URL that is none', ['--request', join(folder, 'request'), '--public-url', 'hooks']],
])('%s is misuse: exit 64, and how it is used', async (_what, args) => {
  writeFileSync(join(folder, 'secret'), TELLING);
  writeFileSync(join(folder, 'request'), raw({}, BODY));
  writeFileSync(join(folder, 'empty'), 'curl https://x.example');
  writeFileSync(join(folder, 'endless'), 'curl -d @/dev/zero https://x.example');
  writeFileSync(join(folder, 'nowhere'), `curl -d @/nowhere/${TELLING} https://x.example`);
  writeFileSync(join(folder, 'broken'), `{"log":${TELLING}}`);
  writeFileSync(join(folder, 'hollow'), '{"log":{"entries":[{}]}}');
  expect(await run(['--secret-file', join(folder, 'secret'), ...args])).toBe(64);
  expect(said).toContain('Usage: consignee detect --secret-file FILE');
  expect(said).not.toMatch(/Cannot|undefined/);
  expectUntold(TELLING);
});

/** No part of it of eight letters. */
function expectUntold(secret: string): void {
  for (let at = 0; at + 8 <= secret.length; at++) expect(said).not.toContain(secret.slice(at, at + 8));
}

const itsMac = mac('{}', 'sha256', TELLING).toString('hex');

test.each([
  ['twice', { 'X-A': `${TELLING} ${TELLING}` }],
  ['as a tag', { 'X-A': `${TELLING}=${itsMac}` }],
  ['as a prefix', { 'X-A': `${TELLING} ${itsMac}` }],
  ['in capital letters', { 'X-A': `${TELLING.toUpperCase()} ${itsMac}` }],
  ['by a part', { 'X-A': `${TELLING.slice(0, 12)}: ${itsMac}` }],
  ['in base64', { 'X-A': `${btoa(TELLING)}: ${itsMac}` }],
  ['as a name in base64 of JSON', { 'X-A': btoa(JSON.stringify({ [TELLING]: itsMac })) }],
  ['as a name in the body', {}, `{"${TELLING}":{"event_id":"1"}}`],
  [
    'before the time',
    { 'X-A': `${TELLING}=${seconds},v1=${mac(`${seconds}.{}`, 'sha256', TELLING).toString('hex')}` },
  ],
  ['as its length', { 'Content-Length': TELLING }],
] as [string, Headers, string?][])(
  'a secret that stands in the request %s is not shown',
  async (_where, headers, body = '{}') => {
    // The last header is found if none before it is.
    const all = { ...headers, 'X-Z': mac(body, 'sha256', TELLING).toString('hex') };
    expect(await detect(`another-secret-0123456789\n${TELLING}\n`, raw(all, body)), said).toBe(0);
    expect(said).toContain("in: { header: 'X-Z' }");
    expectUntold(TELLING);
  },
);

test('a secret that stands there beside what nothing fits is not shown, nor any beginning of it', async () => {
  const headers = {
    'X-A': 'ab'.repeat(32),
    'X-B': `${TELLING} ${itsMac}`,
    'X-C': `${TELLING.slice(0, 12)}=${itsMac}`,
  };
  expect(await detect(TELLING, raw(headers, '{}'))).toBe(1);
  expect(said).toContain('key as "text"');
  expectUntold(TELLING);
});

test.each([
  ['a text', 1],
  ['many texts', 300],
])('what is looked for in %s does not grow with it for ever', (_what, count) => {
  const list = Array.from({ length: 1_000 / Math.sqrt(count) }, (_, at) => `k${at}=${'ab'.repeat(32)}`);
  const members = Array.from({ length: count }, (_, at) => [`m${at}`, list.join('&')]);
  const body = Buffer.from(JSON.stringify(Object.fromEntries(members)));
  const captured = { url: undefined, rawHeaders: [], body };
  const guess = guessOf({ captured, secrets: [SECRET], publicUrl: undefined }, SECRET);
  expect(guess.texts.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(count * 8_000);
  expect([...bearingIn(guess).values()].flat().length).toBeLessThan(1_000);
});

/** Any form in whose template there are body, time, id and URL in some order. */
const anyForm = fc
  .record({
    parts: fc.shuffledSubarray(['{body}', '{time}', '{header:X-Acme-Id}', '{url}', '{method}'], {
      minLength: 1,
      maxLength: 4,
    }),
    separator: fc.constantFrom('.', '', ':', '|', '\n'),
    encoding: fc.constantFrom('hex', 'base64', 'base64url'),
    algorithm: fc.constantFrom('hmac-sha256', 'hmac-sha1', 'hmac-sha512'),
    key: fc.constantFrom('text', 'base64', 'hex', { base64After: 'whsec_' }),
    unit: fc.constantFrom('s', 'ms', 'date'),
    where: fc.constantFrom(
      {},
      { prefix: 'sha=' },
      { layout: { pairs: ',', mac: 'mac' } },
      { layout: { list: ' ', tag: 'v3', mark: ',' } },
    ),
    isPair: fc.boolean(),
  })
  .filter(({ parts }) => parts.includes('{body}'))
  .map(({ parts, separator, unit, where, isPair, ...rest }) => {
    const from = isPair && 'layout' in where && 'pairs' in where.layout ? 'pair:t' : 'header:X-Acme-Time';
    const time = parts.includes('{time}') ? { time: { from, unit } } : {};
    return {
      in: { header: 'X-Acme-Signature' },
      ...where,
      ...rest,
      signed: parts.join(separator),
      ...time,
    } as SignatureForm;
  });

test('whatever form signs one request, what is found takes the next one too', () => {
  const keys = { text: SECRET, hex: 'ab'.repeat(32), base64: Buffer.alloc(33, 7).toString('base64') };
  fc.assert(
    fc.property(anyForm, (form) => {
      const { key = 'text' } = form;
      const secret = typeof key === 'string' ? keys[key as 'hex'] : `whsec_${keys.base64}`;
      const requestAt = (nowMs: number, body: Buffer) =>
        Object.entries(signForm(form, secret, body, { nowMs, publicUrl: URL_THERE })).flat();
      const captured = {
        kind: 'HTTP message',
        url: URL_THERE,
        rawHeaders: requestAt(1_795_341_600_000, Buffer.from(BODY)),
        body: Buffer.from(BODY),
      } as const;
      const found = new FormSearch(
        guessOf({ captured, secrets: [secret], publicUrl: URL_THERE }, secret),
        400_000_000,
      ).find();
      const settings = { secrets: [secret], publicUrl: URL_THERE, allowSha1: true, toleranceSeconds: 300 };
      const next = Buffer.from('{"id":"another"}');
      const head = { address: undefined, query: 'a=1', receivedAt: 1_800_000_000_000 };
      const verify = verifyForms('hmac', found?.forms.slice(0, 1) ?? [], settings);
      expect(verify({ ...head, rawHeaders: requestAt(1_800_000_000_000, next) })(next)).toMatchObject({
        scheme: 'hmac',
      });
    }),
    { numRuns: 12, seed: 14 },
  );
});
