/** Shippo's layout: `t=<unix s>,v1=<hex>` over `<t>.<body>`. */
import { expect, test } from 'vitest';
import { hmac } from '../../src/verify/hmac.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';
import { SECRET } from '../harness/project.ts';
import { opensslMac } from '../harness/signing.ts';
import { NOW_SECONDS, verdict } from './verdict.ts';

const BODY = '{"event":"track_updated","test":true}';
const T = String(NOW_SECONDS);
const MAC = macOver(T);
const OTHER = 'f'.repeat(64);

/** The MAC a sender computes who writes just this text as its timestamp. */
function macOver(timestamp: string, secret = SECRET): string {
  return opensslMac(secret, `${timestamp}.${BODY}`).toString('hex');
}

function ask(value: string, secrets = [SECRET]) {
  const verify = hmac(shippo.forms, { secrets, allowSha1: false, toleranceSeconds: 300 });
  return verdict(verify, { rawHeaders: ['Shippo-Auth-Signature', value] }, BODY);
}

test('the literal vector passes at the time it was signed and is too old an hour later', async () => {
  const body =
    '{"event":"track_updated","test":true,"data":{"carrier":"usps","tracking_number":"9205590164917312751089"}}';
  const rawHeaders = [
    'Shippo-Auth-Signature',
    't=1688493073,v1=b56bdbf4d0a756bd1046f0a9d2260de21f1b0d63eb059d4dfbc6d6ed5651ec0e',
  ];
  const verify = hmac(shippo.forms, {
    secrets: ['shippo-test-secret'],
    allowSha1: false,
    toleranceSeconds: 300,
  });
  const at = (seconds: number, sent: string) =>
    verdict(verify, { rawHeaders, receivedAt: seconds * 1000 }, sent);
  expect(await at(1_688_493_073, body)).toBe('passes');
  expect(await at(1_688_493_073 + 3600, body)).toBe('hmac_timestamp');
  expect(await at(1_688_493_073, body.replace('true', 'null'))).toBe('hmac_mismatch');
});

test.each([
  ['now', 0, 'passes'],
  ['300 s old', -300, 'passes'],
  ['301 s old', -301, 'hmac_timestamp'],
  ['300 s ahead', 300, 'passes'],
  ['301 s ahead', 301, 'hmac_timestamp'],
  ['ten years ahead', 315_360_000, 'hmac_timestamp'],
])('the window is 300 s either side: %s', async (_title, offset, expected) => {
  const timestamp = String(NOW_SECONDS + offset);
  expect(await ask(`t=${timestamp},v1=${macOver(timestamp)}`)).toBe(expected);
});

test.each([
  ['empty', ''],
  ['letters', 'now'],
  ['milliseconds', `${T}000`],
  ['a fraction', `${T}.0`],
  ['a sign', `+${T}`],
  ['minus', `-${T}`],
  ['a leading zero', `0${T}`],
  ['nine digits', '999999999'],
  ['an exponent', '1e9'],
  ['hexadecimal', `0x${NOW_SECONDS.toString(16)}`],
  ['a space before', ` ${T}`],
  ['a space behind', `${T} `],
  ['something behind the digits', `${T}abc`],
  ['digits of another script', '١٧٩٥٣٤٢٨٠٠'],
  ['no number', 'NaN'],
  ['infinity', 'Infinity'],
  ['a date', '2026-11-22T10:00:00Z'],
])('a timestamp that is not ten digits is malformed, though properly signed: %s', async (_title, text) => {
  expect(await ask(`t=${text},v1=${macOver(text)}`)).toBe('hmac_malformed');
});

test.each([
  ['empty', ''],
  ['no timestamp', `v1=${MAC}`],
  ['no signature', `t=${T}`],
  ['an empty signature', `t=${T},v1=`],
  ['only a version we do not know', `t=${T},v0=${MAC}`],
  ['two timestamps', `t=${T},t=${T},v1=${MAC}`],
  ['an old signed timestamp before a fresh one', `t=1688493073,t=${T},v1=${macOver('1688493073')}`],
  ['semicolons', `t=${T};v1=${MAC}`],
  ['a space behind the comma', `t=${T}, v1=${MAC}`],
  ['a comma at the end', `t=${T},v1=${MAC},`],
  ['a pair without a name', `t=${T},=x,v1=${MAC}`],
  ['a pair without a value', `t=${T},v1,v1=${MAC}`],
  ['capital names', `T=${T},V1=${MAC}`],
  ['a bad digit', `t=${T},v1=z${MAC.slice(1)}`],
  ['no signature but malformed ones', `t=${T},v1=abcd,v1=${MAC}0`],
  ['no signature but one of another version, under another name', `t=${T},v2=${MAC}`],
  ['a good signature and eight malformed ones', `t=${T},v1=${MAC}${',v1=abcd'.repeat(8)}`],
  ['a timestamp that is repeated behind a version we do not know', `t=${T},v1=${MAC},v2=x,t=${T}`],
  ['nine signatures', `t=${T}${`,v1=${MAC}`.repeat(9)}`],
  ['two hundred signatures', `t=${T}${`,v1=${MAC}`.repeat(200)}`],
  ['the bare MAC', MAC],
])('a header of the wrong form is malformed: %s', async (_title, value) => {
  expect(await ask(value)).toBe('hmac_malformed');
});

test.each([
  ['the other order', `v1=${MAC},t=${T}`],
  ['pairs we do not know', `t=${T},v0=${OTHER},v1=${MAC},v2=a=b`],
  ['the good one first of two', `t=${T},v1=${MAC},v1=${OTHER}`],
  ['the good one last of eight', `t=${T}${`,v1=${OTHER}`.repeat(7)},v1=${MAC}`],
  ['capital digits', `t=${T},v1=${MAC.toUpperCase()}`],
  ['a malformed one before it', `t=${T},v1=abcd,v1=${MAC}`],
  ['malformed ones of every kind behind it', `t=${T},v1=${MAC},v1=,v1=z${MAC.slice(1)},v1=${MAC}0`],
  ['one of another encoding beside it', `t=${T},v1=${Buffer.from(MAC, 'hex').toString('base64')},v1=${MAC}`],
  ['a version that is being introduced', `t=${T},v2=${OTHER}${OTHER},v1=${MAC},kid=2026-11`],
])('any of up to eight signatures may be the good one: %s', async (_title, value) => {
  expect(await ask(value)).toBe('passes');
});

test.each([
  ['another MAC', `t=${T},v1=${OTHER}`],
  ['eight others', `t=${T}${`,v1=${OTHER}`.repeat(8)}`],
  ['a fresh timestamp on an old signature', `t=${T},v1=${macOver('1688493073')}`],
  ['the body alone signed', `t=${T},v1=${opensslMac(SECRET, BODY).toString('hex')}`],
  ['an old timestamp with another MAC: the MAC is judged first', `t=1688493073,v1=${OTHER}`],
  ['a good MAC under a version we do not know', `t=${T},v0=${MAC},v1=${OTHER}`],
])('what was not signed does not match: %s', async (_title, value) => {
  expect(await ask(value)).toBe('hmac_mismatch');
});

test('every live secret is accepted', async () => {
  const value = `t=${T},v1=${macOver(T, 'the-one-being-retired')}`;
  expect(await ask(value, [SECRET, 'the-one-being-retired'])).toBe('passes');
  expect(await ask(value)).toBe('hmac_mismatch');
});
