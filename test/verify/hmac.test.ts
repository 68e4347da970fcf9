/** The plain layouts: `sha256=<hex>`, `sha1=<hex>` and bare base64. The timestamped one is in hmac-timestamped.test.ts. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SignatureForm } from '../../src/verify/form/vocabulary.ts';
import { hmac } from '../../src/verify/hmac.ts';
import { flatfile } from '../../src/verify/presets/flatfile/preset.ts';
import { flexport } from '../../src/verify/presets/flexport/preset.ts';
import { flintn } from '../../src/verify/presets/flintn/preset.ts';
import { SECRET } from '../harness/project.ts';
import { opensslMac } from '../harness/signing.ts';
import { verdict } from './verdict.ts';

const BODY = '{"id":1,"type":"/shipment#created"}';
const HEX = opensslMac(SECRET, BODY).toString('hex');
const SHA1 = opensslMac(SECRET, BODY, 'sha1').toString('hex');
const BASE64 = opensslMac(SECRET, BODY).toString('base64');

function verifier(forms: readonly SignatureForm[], secrets: readonly string[] = [SECRET], allowSha1 = false) {
  return hmac(forms, { secrets, allowSha1, toleranceSeconds: 300 });
}

const FLEXPORT_BODY =
  '{"_object":"/event","id":1831596,"version":2,"created_at":"2020-05-12T14:31:57.148Z","occurred_at":"2020-05-11T11:00:00.000Z","type":"/shipment_leg#arrived","data":{"_object":"/shipment_event_data","containers":[]}}';
const FLINTN_BODY =
  '{"event_type":"TRANSACTION_SETTLED","event_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2024-01-15T10:30:00Z","version":"1.0","data":{}}';

test.each([
  {
    vector: 'Flexport, SHA-256',
    forms: flexport.forms,
    secret: 'flexport-test-secret',
    body: FLEXPORT_BODY,
    header: [
      'X-Hub-Signature-256',
      'sha256=d553c11c29b279c9bf7b10c395c893e90d0790b7fce72a4eb776181e006c447e',
    ],
  },
  {
    vector: 'Flexport, SHA-1 allowed',
    forms: flexport.forms,
    secret: 'flexport-test-secret',
    body: FLEXPORT_BODY,
    header: ['X-Hub-Signature', 'sha1=00e2c487250cf075d94dfe6012b13740cf693505'],
  },
  {
    vector: 'Flintn',
    forms: flintn.forms,
    secret: '0123456789abcdef'.repeat(4),
    body: FLINTN_BODY,
    header: ['X-Signature-Primary', 'JIo7s+wDRZFSvQ+ha5EIPJxAfe7E6CLfv5houjTHpxs='],
  },
  {
    vector: 'Flatfile',
    forms: flatfile.forms,
    secret: 'flatfile-test-secret',
    body: '{"src":{"id":"us_evt_1","topic":"records:updated"},"topic":"records:updated"}',
    header: ['X-Hub-Signature', 'sha256=7f7baf804a704880a58beb80c21b8f47fe6684ea6d58e38f6c6cb4a449d7571a'],
  },
  {
    vector: 'published by GitHub, whose form Flatfile borrows',
    forms: flatfile.forms,
    secret: "It's a Secret to Everybody",
    body: 'Hello, World!',
    header: [
      'X-Hub-Signature-256',
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ],
  },
])('the literal vector passes, and not with another byte in the body: $vector', async (row) => {
  const verify = verifier(row.forms, [row.secret], true);
  expect(await verdict(verify, { rawHeaders: row.header }, row.body)).toBe('passes');
  expect(await verdict(verify, { rawHeaders: row.header }, `${row.body} `)).toBe('hmac_mismatch');
});

test.each([
  ['empty', ''],
  ['prefix alone', 'sha256='],
  ['four digits', 'sha256=abcd'],
  ['no prefix', HEX],
  ['63 digits', `sha256=${HEX.slice(1)}`],
  ['65 digits', `sha256=${HEX}0`],
  ['a good MAC with junk behind', `sha256=${HEX}zz`],
  ['a good MAC twice in a row', `sha256=${HEX}${HEX}`],
  ['a digit that is none, first', `sha256=z${HEX.slice(1)}`],
  ['a digit that is none, last', `sha256=${HEX.slice(0, -1)}z`],
  ['64 characters of two bytes', `sha256=${'é'.repeat(64)}`],
  ['full-width digits', `sha256=${'１'.repeat(64)}`],
  ['a space inside', `sha256= ${HEX}`],
  ['a space behind', `sha256=${HEX} `],
  ['a tab in the middle', `sha256=${HEX.slice(0, 32)}\t${HEX.slice(32)}`],
  ['a zero byte behind', `sha256=${HEX}\0`],
  ['quotes', `sha256="${HEX}"`],
  ['the prefix twice', `sha256=sha256=${HEX}`],
  ['the prefix in capitals', `SHA256=${HEX}`],
  ['two signatures', `sha256=${HEX},sha256=${HEX}`],
  ['base64 where hex belongs', `sha256=${BASE64}`],
  ['another algorithm', `sha512=${HEX}`],
  ['md5', 'md5=d41d8cd98f00b204e9800998ecf8427e'],
  ['a name every object has', `__proto__=${HEX}`],
  ['another name every object has', `constructor=${HEX}`],
  ['20 bytes under the SHA-256 prefix', `sha256=${SHA1}`],
  ['a megabyte of digits', `sha256=${'a'.repeat(1_048_576)}`],
])('a hex signature of the wrong form is malformed: %s', async (_title, value) => {
  const rawHeaders = ['X-Hub-Signature-256', value];
  expect(await verdict(verifier(flexport.forms), { rawHeaders }, BODY)).toBe('hmac_malformed');
});

test.each([
  ['zeros', '0'.repeat(64)],
  ['the digits reversed', [...HEX].reverse().join('')],
  ['the MAC of another body', opensslMac(SECRET, `${BODY} `).toString('hex')],
  ['the MAC under another secret', opensslMac(`${SECRET}!`, BODY).toString('hex')],
  ['the MAC under an empty secret', createHmac('sha256', '').update(BODY).digest('hex')],
])('a well-formed signature that is not the body’s does not match: %s', async (_title, hex) => {
  const rawHeaders = ['X-Hub-Signature-256', `sha256=${hex}`];
  expect(await verdict(verifier(flexport.forms), { rawHeaders }, BODY)).toBe('hmac_mismatch');
});

test('hex digits may be capitals', async () => {
  const rawHeaders = ['X-Hub-Signature-256', `sha256=${HEX.toUpperCase()}`];
  expect(await verdict(verifier(flexport.forms), { rawHeaders }, BODY)).toBe('passes');
});

/** The last character before the padding carries two bits that decoding drops. */
const SPARE_BITS = `${BASE64.slice(0, -2)}${nextLetter(BASE64.at(-2) as string)}=`;

function nextLetter(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet[alphabet.indexOf(letter) ^ 1] as string;
}

test.each([
  ['empty', ''],
  ['no padding', BASE64.slice(0, -1)],
  ['too much padding', `${BASE64}=`],
  ['something behind the padding', `${BASE64}A`],
  ['another spelling of the same bytes', SPARE_BITS],
  [
    'the alphabet of URLs',
    Buffer.alloc(32, 0xfb).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  ],
  ['a space inside', `${BASE64.slice(0, 20)} ${BASE64.slice(20)}`],
  ['a line break behind', `${BASE64}\n`],
  ['junk that decoding skips', `${BASE64.slice(0, 20)}!${BASE64.slice(20)}`],
  ['31 bytes', opensslMac(SECRET, BODY).subarray(1).toString('base64')],
  ['33 bytes', Buffer.concat([opensslMac(SECRET, BODY), Buffer.from('x')]).toString('base64')],
  ['hex where base64 belongs', HEX],
  ['a prefix that Flintn does not write', `sha256=${BASE64}`],
])('a base64 signature of the wrong form is malformed: %s', async (_title, value) => {
  const rawHeaders = ['X-Signature-Primary', value];
  expect(await verdict(verifier(flintn.forms), { rawHeaders }, BODY)).toBe('hmac_malformed');
});

const GOOD = `sha256=${HEX}`;
const BAD = `sha256=${'0'.repeat(64)}`;

test.each([
  ['no header at all', [], 'hmac_missing'],
  ['a header spelt with underscores', ['X_Hub_Signature_256', GOOD], 'hmac_missing'],
  ['a header whose name only begins alike', ['X-Hub-Signature-2567', GOOD], 'hmac_missing'],
  ['the value where a name belongs', [GOOD, 'X-Hub-Signature-256'], 'hmac_missing'],
  ['any case of the name', ['x-HUB-sIGNATURE-256', GOOD], 'passes'],
  ['a good line twice', ['X-Hub-Signature-256', GOOD, 'X-Hub-Signature-256', GOOD], 'hmac_repeated'],
  ['good, then bad', ['X-Hub-Signature-256', GOOD, 'x-hub-signature-256', BAD], 'hmac_repeated'],
  ['bad, then good', ['X-Hub-Signature-256', BAD, 'x-hub-signature-256', GOOD], 'hmac_repeated'],
  ['lines joined by a proxy', ['X-Hub-Signature-256', `${GOOD}, ${GOOD}`], 'hmac_malformed'],
  [
    'the strong one bad, the other good',
    ['X-Hub-Signature-256', BAD, 'X-Hub-Signature', GOOD],
    'hmac_mismatch',
  ],
  ['the same in the other order', ['X-Hub-Signature', GOOD, 'X-Hub-Signature-256', BAD], 'hmac_mismatch'],
  [
    'the strong one empty, the other good',
    ['X-Hub-Signature-256', '', 'X-Hub-Signature', GOOD],
    'hmac_malformed',
  ],
  ['the strong one good, the other bad', ['X-Hub-Signature-256', GOOD, 'X-Hub-Signature', BAD], 'passes'],
  ['the other alone', ['X-Hub-Signature', GOOD], 'passes'],
  ['SHA-1 under the strong name', ['X-Hub-Signature-256', `sha1=${SHA1}`], 'hmac_malformed'],
  ['a good SHA-1 alone', ['X-Hub-Signature', `sha1=${SHA1}`], 'hmac_sha1'],
  ['a malformed SHA-1', ['X-Hub-Signature', 'sha1='], 'hmac_sha1'],
] as const)('the first header that is there decides alone: %s', async (_title, rawHeaders, expected) => {
  expect(await verdict(verifier(flexport.forms), { rawHeaders }, BODY)).toBe(expected);
});

test.each([
  ['good', ['X-Hub-Signature', `sha1=${SHA1}`], 'passes'],
  ['wrong', ['X-Hub-Signature', `sha1=${'0'.repeat(40)}`], 'hmac_mismatch'],
  ['too short', ['X-Hub-Signature', `sha1=${SHA1.slice(2)}`], 'hmac_malformed'],
  [
    'good beside a bad SHA-256',
    ['X-Hub-Signature', `sha1=${SHA1}`, 'X-Hub-Signature-256', BAD],
    'hmac_mismatch',
  ],
] as const)('allowed SHA-1 never mends SHA-256: %s', async (_title, rawHeaders, expected) => {
  expect(await verdict(verifier(flexport.forms, [SECRET], true), { rawHeaders }, BODY)).toBe(expected);
});

test.each([
  ['the newest', SECRET, 'passes'],
  ['the one being retired', 'the-one-being-retired', 'passes'],
  ['one with letters of all sorts', 'clé secrète 鍵 🔑', 'passes'],
  ['one longer than a block of SHA-256', 'k'.repeat(200), 'passes'],
  ['one that is long gone', 'long-gone', 'hmac_mismatch'],
  ['the beginning of a live one', SECRET.slice(0, -1), 'hmac_mismatch'],
])('every live secret is accepted and no other: %s', async (_title, secret, expected) => {
  const live = [SECRET, 'the-one-being-retired', 'clé secrète 鍵 🔑', 'k'.repeat(200)];
  const rawHeaders = ['X-Signature-Primary', opensslMac(secret, BODY).toString('base64')];
  expect(await verdict(verifier(flintn.forms, live), { rawHeaders }, BODY)).toBe(expected);
});

test.each([
  ['empty', Buffer.alloc(0)],
  ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0xc3])],
  ['a byte order mark before the JSON', Buffer.from('\uFEFF{}')],
  ['line breaks of Windows', Buffer.from('{\r\n}\r\n')],
])('the MAC is over the bytes, whatever they are: %s', async (_title, body) => {
  const rawHeaders = ['X-Signature-Primary', opensslMac(SECRET, body).toString('base64')];
  expect(await verdict(verifier(flintn.forms), { rawHeaders }, body)).toBe('passes');
});
