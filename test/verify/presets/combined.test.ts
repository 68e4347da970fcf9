/** Every scheme is there for every source, and what is set is checked, all of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliverWith, kept } from '../../harness/deliver-with.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flintnHeaders, token } from '../../harness/signing.ts';

const JWT_SECRET = 'the-secret-of-the-json-web-tokens';
const TOKEN = 'the-token-of-the-query-string-000';
const ALL = ['ip', 'token', 'jwt', 'hmac'] as const;
type Name = (typeof ALL)[number];

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    env: {
      TRUST_PROXY: '127.0.0.1/32',
      FLINTN_VERIFY: 'jwt, hmac, token, ip',
      FLINTN_ALLOW_FROM: '203.0.113.0/24, 2001:db8::/32',
      FLINTN_WEBHOOK_TOKEN: TOKEN,
      FLINTN_WEBHOOK_SECRET: SECRET,
      FLINTN_JWT_SECRET: JWT_SECRET,
      FLEXPORT_JWT_SECRET: JWT_SECRET,
      SHIPPO_WEBHOOK_TOKEN: TOKEN,
      SHIPPO_WEBHOOK_TOKEN_PREVIOUS: 'the-token-that-is-being-retired-0',
    },
  });
});
afterAll(() => service.stop());

function authorization(secret: string, claims: string): Record<string, string> {
  const iat = Math.floor(Date.now() / 1000);
  return { Authorization: `Bearer ${token(secret, `${claims.slice(0, -1)},"iat":${iat}}`)}` };
}

/** A delivery to the source that asks for all four, in which only `good` are as they should be. */
function attempt(good: readonly Name[], body: string) {
  const headers = {
    'X-Forwarded-For': good.includes('ip') ? '203.0.113.50' : '198.51.100.50',
    ...authorization(good.includes('jwt') ? JWT_SECRET : SECRET, body),
    ...flintnHeaders(good.includes('hmac') ? SECRET : JWT_SECRET, body),
  };
  return deliverWith(service, `flintn?token=${good.includes('token') ? TOKEN : JWT_SECRET}`, headers, body);
}

const REFUSED = {
  ip: [403, 'ip_not_allowed'],
  token: [401, 'token_mismatch'],
  jwt: [401, 'jwt_mismatch'],
  hmac: [401, 'hmac_mismatch'],
} as const;

const subsets = Array.from({ length: 15 }, (_, mask) => {
  const good = ALL.filter((_name, at) => mask & (1 << at));
  return { good, title: good.join(' and ') || 'none' };
});

test.each(subsets)('of four schemes, anything but all is not enough: $title', async ({ good }) => {
  const [first] = ALL.filter((name) => !good.includes(name));
  const { status, said, stored } = await attempt(good, '{"event_id":"never stored"}');
  expect([status, said]).toEqual(REFUSED[first as Name]);
  expect(stored).toEqual([]);
});

test('all four together are accepted', async () => {
  const body = '{"event_id":"all four","event_type":"X"}';
  const { status, said, stored } = await attempt(ALL, body);
  expect([status, said]).toEqual([200, 'accepted']);
  expect(stored).toMatchObject(kept(body));
});

test.each([
  ['token', 'token_missing'],
  ['Authorization', 'jwt_missing'],
  ['X-Signature-Primary', 'hmac_missing'],
])('a scheme that a sender leaves out is not skipped: %s', async (left, code) => {
  const body = '{"event_id":"never stored"}';
  const headers: Record<string, string> = {
    'X-Forwarded-For': '2001:db8::7',
    ...authorization(JWT_SECRET, body),
    ...flintnHeaders(SECRET, body),
  };
  delete headers[left];
  const query = left === 'token' ? '' : `?token=${TOKEN}`;
  const { status, said, stored } = await deliverWith(service, `flintn${query}`, headers, body);
  expect([status, said, stored]).toEqual([401, code, []]);
});

test('a JWT proves a delivery of Flexport’s too, its id exact beyond 2^53', async () => {
  const body = '{"id":9007199254740993,"type":"/x#y"}';
  const good = await deliverWith(service, 'flexport', authorization(JWT_SECRET, body), body);
  expect([good.status, good.said]).toEqual([200, 'accepted']);
  expect(good.stored).toMatchObject([{ external_id: '9007199254740993', body: Buffer.from(body) }]);
  const rounded = '{"id":9007199254740992,"type":"/x#y"}';
  const bad = await deliverWith(service, 'flexport', authorization(JWT_SECRET, body), rounded);
  expect([bad.status, bad.said, bad.stored]).toEqual([401, 'jwt_body', []]);
});

test.each([
  ['the current token', `?token=${TOKEN}`, 200, 'accepted'],
  ['the retired one', '?token=the-token-that-is-being-retired-0', 200, 'accepted'],
  ['another', '?token=the-token-that-was-retired-long-ago', 401, 'token_mismatch'],
] as const)('two tokens live side by side: %s', async (title, query, status, said) => {
  const body = `{"event":"${title}"}`;
  const delivered = await deliverWith(service, `shippo${query}`, {}, body);
  expect([delivered.status, delivered.said]).toEqual([status, said]);
  expect(delivered.stored.map((event) => event.body.toString())).toEqual(status === 200 ? [body] : []);
});

test('no secret and no token is in the log or beside an event', () => {
  const written = service.output() + JSON.stringify(service.events().map(({ headers }) => headers));
  for (const text of [SECRET, JWT_SECRET, TOKEN, 'eyJ']) expect(written).not.toContain(text);
});
