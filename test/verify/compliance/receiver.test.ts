/**
 * The receiver suite for Standard Webhooks of postel (github.com/postel-sh/postel, compliance/vectors at f84e296, MIT): what each of its
 * 33 vectors asks, under its name, through the app and a socket. Names, keys, bodies and outcomes are its; the words are ours.
 *
 * Its vectors speak of one receiver with an array of secrets and one public key: here those are two sources. Ids that begin with
 * `pre_seen_` are to have come before: they are sent once to that end. Its error words are found by our codes.
 */
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { presets } from 'consignee';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { standardWebhooks } from '../../../src/verify/presets/standard-webhooks/preset.ts';
import { type AppSource, startApp } from '../../harness/app.ts';

/** Bytes that its keys are made of: HMAC keys, and seeds of Ed25519. */
const KEYS = { primary: 0xab, secondary: 0x56, alt: 0xef, ed25519A: 0xcd, ed25519B: 0x12 };
const SEED_BEGIN = Buffer.from('302e020100300506032b657004220420', 'hex');
const bytesOf = (key: keyof typeof KEYS) => Buffer.alloc(32, KEYS[key]);
const settingOf = (key: keyof typeof KEYS) => `whsec_${bytesOf(key).toString('base64')}`;
const ED25519_A = 'whpk_/JR3MPSesBQnpm4FBzMpTZ5SDlRceicSWngGNOCGCic=';
/** 2026-01-01, at which its literal timestamps are in time. */
const NOW_SECONDS = 1_767_225_600;
const BODY = '{"type":"test.hello","timestamp":"2026-01-01T00:00:00Z","data":{"hello":"world"}}';
const TAMPERED = '{"type":"test.hello","timestamp":"2026-01-01T00:00:00Z","data":{"tampered":true}}';
const zeros = (version: string, bytes: number) => `${version},${Buffer.alloc(bytes).toString('base64')}`;
const TEXT_AS_SIGNATURE = 'v1,QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9';

interface Vector {
  readonly name: string;
  /** Left out: `msg_` and the name. */
  readonly id?: string | undefined;
  readonly minutes?: number;
  readonly signedWith?: keyof typeof KEYS;
  /** In place of one that is made; null: none. */
  readonly signature?: string | null;
  readonly without?: 'webhook-id' | 'webhook-timestamp';
  readonly body?: string;
  readonly times?: number;
  readonly asks: readonly string[];
}
const ACCEPT = ['accept'];
const [INVALID, MALFORMED, TOO_OLD] = [['SIGNATURE_INVALID'], ['MALFORMED_HEADER'], ['TIMESTAMP_TOO_OLD']];

/** Both matrices of signatures ask the same, with keys and versions of their own. */
const matrix = (
  cluster: string,
  own: keyof typeof KEYS,
  foreign: keyof typeof KEYS,
  none: string,
  wrong: string,
) => [
  { name: `${cluster}/valid`, signedWith: own, asks: ACCEPT },
  { name: `${cluster}/wrong-key`, signedWith: foreign, asks: INVALID },
  { name: `${cluster}/tampered-body`, signature: wrong, body: TAMPERED, asks: INVALID },
  { name: `${cluster}/missing-signature`, signature: none, asks: MALFORMED },
  { name: `${cluster}/past-timestamp`, signedWith: own, minutes: -10, asks: TOO_OLD },
  { name: `${cluster}/future-timestamp`, signedWith: own, minutes: 10, asks: TOO_OLD },
  { name: `${cluster}/replay-outside-window`, signedWith: own, minutes: -10, asks: TOO_OLD },
  {
    name: `${cluster}/replay-within-window`,
    id: `pre_seen_${cluster}`,
    signedWith: own,
    asks: ['duplicate'],
  },
];

const VECTORS: readonly Vector[] = [
  { name: 'wire-format/headers/all-present-accept', signedWith: 'primary', asks: ACCEPT },
  {
    name: 'wire-format/headers/malformed-signature-reject',
    signature: 'this-is-not-a-valid-signature-token',
    asks: MALFORMED,
  },
  {
    name: 'wire-format/headers/missing-id-reject',
    without: 'webhook-id',
    signature: TEXT_AS_SIGNATURE,
    asks: MALFORMED,
  },
  { name: 'wire-format/headers/missing-signature-reject', signature: null, asks: MALFORMED },
  {
    name: 'wire-format/headers/missing-timestamp-reject',
    without: 'webhook-timestamp',
    signature: TEXT_AS_SIGNATURE,
    asks: MALFORMED,
  },
  ...matrix('signature-v1', 'primary', 'alt', zeros('v2', 32), zeros('v1', 32)),
  ...matrix('signature-v1a', 'ed25519A', 'ed25519B', zeros('v3', 64), zeros('v1a', 64)),
  { name: 'receiver/multi-secret/old-secret-accept', signedWith: 'secondary', asks: ACCEPT },
  { name: 'receiver/multi-secret/expired-secret-reject', signedWith: 'alt', asks: INVALID },
  {
    name: 'receiver/timestamp-window/within-default-accept',
    signedWith: 'primary',
    minutes: -4,
    asks: ACCEPT,
  },
  {
    name: 'receiver/timestamp-window/outside-default-reject',
    signedWith: 'primary',
    minutes: -10,
    asks: TOO_OLD,
  },
  {
    name: 'receiver/raw-bytes/byte-identical-accept',
    signedWith: 'primary',
    body: '{"type":"test.hello","data":{"key":"value"}}',
    asks: ACCEPT,
  },
  {
    name: 'receiver/raw-bytes/json-reserialized-reject',
    id: 'msg_rawbytes_reserialized',
    signature: 'v1,9yIHNZqCjfmYCUeRbA8ewvA8j4r92Pj7bBasAkvdRSY=',
    body: '{"type": "test.hello", "data": {"key": "value"}}',
    asks: INVALID,
  },
  { name: 'receiver/dedup/first-receipt', signedWith: 'primary', asks: ACCEPT },
  {
    name: 'receiver/dedup/duplicate-receipt',
    id: 'pre_seen_dedup_basic',
    signedWith: 'primary',
    asks: ['duplicate'],
  },
  {
    name: 'receiver/dedup/concurrent-atomicity',
    signedWith: 'primary',
    times: 2,
    asks: ['accept', 'duplicate'],
  },
  // Of key sets: the keys of a source are its settings, so a key that has rotated out is one that is not there.
  { name: 'jwks/kid-lookup', id: 'kid_a.msg_jwks_kidlookup', signedWith: 'ed25519A', asks: ACCEPT },
  { name: 'jwks/rotation', id: 'kid_b.msg_jwks_rotated', signedWith: 'ed25519B', asks: ['UNKNOWN_KEY_ID'] },
];

const preset = standardWebhooks;
const SOURCES: readonly AppSource[] = [
  { name: 'symmetric', preset, scheme: 'hmac', secrets: [settingOf('primary'), settingOf('secondary')] },
  { name: 'asymmetric', preset, scheme: 'signature', secrets: [ED25519_A] },
];

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(SOURCES);
  vi.useFakeTimers({ toFake: ['Date'] });
});
beforeEach(() => vi.setSystemTime(NOW_SECONDS * 1_000));
afterAll(async () => {
  vi.useRealTimers();
  await app.stop();
});

function requestOf({ name, id = `msg_${name}`, minutes = 0, body = BODY, ...vector }: Vector) {
  const timestamp = String(NOW_SECONDS + minutes * 60);
  const { signature = signatureBy(vector.signedWith ?? 'primary', `${id}.${timestamp}.${body}`), without } =
    vector;
  const all = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signature !== null && { 'webhook-signature': signature }),
  };
  const headers = Object.entries(all).filter(([header]) => header !== without);
  return { headers: Object.fromEntries(headers), body };
}

function signatureBy(key: keyof typeof KEYS, text: string): string {
  if (!key.startsWith('ed25519'))
    return `v1,${createHmac('sha256', bytesOf(key)).update(text).digest('base64')}`;
  const der = Buffer.concat([SEED_BEGIN, bytesOf(key)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return `v1a,${sign(null, Buffer.from(text), privateKey).toString('base64')}`;
}

/** Our answer, in the words of the suite. */
async function ask(source: string, { headers, body }: ReturnType<typeof requestOf>): Promise<string> {
  const options = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body };
  const response = await fetch(`${app.url}/webhooks/${source}`, options);
  const { status, detail } = (await response.json()) as { status: string | number; detail?: string };
  if (response.status === 200) return status === 'accepted' ? 'accept' : String(status);
  expect(response.status).toBe(401);
  if (/timestamp is \d+ s/.test(detail ?? '')) return 'TIMESTAMP_TOO_OLD';
  if (/does not match any live/.test(detail ?? ''))
    return String(headers['webhook-id']).startsWith('kid_') ? 'UNKNOWN_KEY_ID' : 'SIGNATURE_INVALID';
  return /missing|not of the provider|not known|no time/.test(detail ?? '')
    ? 'MALFORMED_HEADER'
    : `${detail}`;
}

test.each(VECTORS)('$name: $asks', async (vector) => {
  const isPublic = /v1a|jwks/.test(vector.name);
  const source = isPublic ? 'asymmetric' : 'symmetric';
  const request = requestOf(vector);
  if (vector.id?.startsWith('pre_seen_')) expect(await ask(source, request)).toBe('accept');
  const before = app.bodiesOf(source).length;
  const answers = await Promise.all(Array.from({ length: vector.times ?? 1 }, () => ask(source, request)));
  expect(answers.sort()).toEqual(vector.asks);
  const kept = app.bodiesOf(source).slice(before).map(String);
  expect(kept).toEqual(answers.filter((answer) => answer === 'accept').map(() => request.body));
});

test('jwks/public-only: no key is published that could be a private one, since none is published', async () => {
  const response = await fetch(`${app.url}/.well-known/webhooks-keys`);
  expect(response.status).toBe(404);
  expect(await response.text()).not.toMatch(/"[dk]"/);
});

test('these are all: 32 vectors of requests, and the one above', () => {
  expect(new Set(VECTORS.map(({ name }) => name)).size).toBe(32);
  expect(presets['standard-webhooks']).toBe(preset);
});
