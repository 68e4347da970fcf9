import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliverWith, kept } from '../../harness/deliver-with.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flintnHeaders, opensslMac } from '../../harness/signing.ts';

const VECTOR_SECRET = '0123456789abcdef'.repeat(4);
const VECTOR =
  '{"event_type":"TRANSACTION_SETTLED","event_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2024-01-15T10:30:00Z","version":"1.0","data":{}}';
const VECTOR_MAC = 'JIo7s+wDRZFSvQ+ha5EIPJxAfe7E6CLfv5houjTHpxs=';

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    env: { FLINTN_WEBHOOK_SECRET: SECRET, FLINTN_WEBHOOK_SECRET_PREVIOUS: VECTOR_SECRET },
  });
});
afterAll(() => service.stop());

test('the literal vector is accepted and stored with its id and type', async () => {
  const headers = { 'X-Signature-Primary': VECTOR_MAC };
  const { status, said, stored } = await deliverWith(service, 'flintn', headers, VECTOR);
  expect([status, said]).toEqual([200, 'accepted']);
  expect(stored).toMatchObject([
    { type: 'TRANSACTION_SETTLED', external_id: '550e8400-e29b-41d4-a716-446655440000', held: null },
  ]);
  expect(stored).toMatchObject(kept(VECTOR));
});

test('during a rotation both secrets are accepted, and an event signed by each of them is one', async () => {
  const body = '{"event_id":"rotated","event_type":"X"}';
  const first = await deliverWith(service, 'flintn', flintnHeaders(VECTOR_SECRET, body), body);
  expect([first.status, first.said]).toEqual([200, 'accepted']);
  expect(first.stored).toMatchObject(kept(body));
  const second = await deliverWith(service, 'flintn', flintnHeaders(SECRET, body), body);
  expect(second).toEqual({ status: 200, said: 'duplicate', id: first.id, stored: [] });
});

test.each([
  ['white space and escapes', Buffer.from('{ "event_id": "\\u0061",\r\n "n": 1.0 }\n')],
  ['a byte order mark', Buffer.from('\uFEFF{"event_id":"b"}')],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['no bytes', Buffer.alloc(0)],
  ['a zero byte', Buffer.from('{"event_id":"c"}\0')],
])('the bytes are what is verified and stored: %s', async (_title, body) => {
  const { status, said, stored } = await deliverWith(service, 'flintn', flintnHeaders(SECRET, body), body);
  expect([status, said]).toEqual([200, 'accepted']);
  expect(stored).toMatchObject(kept(body));
});

const body = '{"event_id":"never stored"}';
const mac = opensslMac(SECRET, body).toString('base64');

test.each([
  ['no header', {}, 'hmac_missing'],
  ['the header of another provider', { 'X-Hub-Signature-256': `sha256=${mac}` }, 'hmac_missing'],
  ['a secondary header', { 'X-Signature-Secondary': mac }, 'hmac_missing'],
  ['two lines', { 'X-Signature-Primary': [mac, mac] }, 'hmac_repeated'],
  ['two values in one line', { 'X-Signature-Primary': `${mac}, ${mac}` }, 'hmac_malformed'],
  ['empty', { 'X-Signature-Primary': '' }, 'hmac_malformed'],
  ['no padding', { 'X-Signature-Primary': mac.slice(0, -1) }, 'hmac_malformed'],
  ['something behind the padding', { 'X-Signature-Primary': `${mac}A` }, 'hmac_malformed'],
  ['a space inside', { 'X-Signature-Primary': `${mac.slice(0, 9)} ${mac.slice(9)}` }, 'hmac_malformed'],
  ['hex', { 'X-Signature-Primary': Buffer.from(mac, 'base64').toString('hex') }, 'hmac_malformed'],
  ['the vector’s MAC', { 'X-Signature-Primary': VECTOR_MAC }, 'hmac_mismatch'],
  ['another secret', flintnHeaders('another secret', body), 'hmac_mismatch'],
  [
    'the secret as hex digits of bytes',
    flintnHeaders(Buffer.from(SECRET).toString('hex'), body),
    'hmac_mismatch',
  ],
])('anything less is answered with 401 and not stored: %s', async (_title, headers, code) => {
  const { status, said, stored } = await deliverWith(service, 'flintn', headers, body);
  expect([status, said, stored]).toEqual([401, code, []]);
});

test('an id counts for its own source only, and a source that is off is not there', async () => {
  const same = '{"event_id":"shared","id":"shared"}';
  const flintn = await deliverWith(service, 'flintn', flintnHeaders(SECRET, same), same);
  expect([flintn.status, flintn.stored.length]).toEqual([200, 1]);
  const other = await deliverWith(service, 'flexport', flintnHeaders(SECRET, same), same);
  expect([other.status, other.said, other.stored]).toEqual([404, 'not_found', []]);
});
