/** The order of the checks, and that nothing of a body is asked for before the checks of the head have passed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, token } from '../../harness/signing.ts';
import {
  type Answer,
  ask,
  bodyOf,
  bytesOf,
  expectRefusal,
  FLEXPORT,
  type Headers,
  openWire,
  signed,
} from '../../harness/wire.ts';

const JWT_SECRET = 'the-jwt-secret-of-the-tests-is-another-one';
const TOKEN = 'the-query-token-of-the-tests-another-again';

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    env: {
      FLEXPORT_WEBHOOK_SECRET: SECRET,
      FLATFILE_ALLOW_FROM: '203.0.113.0/24',
      FLATFILE_WEBHOOK_TOKEN: TOKEN,
      FLATFILE_WEBHOOK_SECRET: SECRET,
      FLATFILE_JWT_SECRET: JWT_SECRET,
      FLATFILE_BODY_LIMIT: '1kb',
      TRUST_PROXY: 'loopback',
      REQUIRE_HTTPS: 'true',
    },
  });
});
afterAll(() => service.stop());

test('a request that fails every check gets the first one’s answer, and repaired one by one the next one’s', async () => {
  const body = '{"id":"order","topic":"workbook:updated"}';
  const large = 'x'.repeat(2_000);
  const iat = Math.floor(Date.now() / 1000);
  const claims = `{"iat":${iat},${body.slice(1)}`;
  const otherClaims = claims.replace('"order"', '"other"');
  let method = 'PUT';
  let path = '/webhooks/flatfile/';
  let text = large;
  let headers: Headers = { 'Content-Encoding': 'gzip' };
  const refused = async (status: number, code: string) => {
    const answer = await ask(service.port, bytesOf(method, path, headers, text));
    await expectRefusal(service, answer, [status, code], 0);
  };
  const repair = (more: Headers) => {
    headers = { ...headers, ...more };
  };

  await refused(404, 'not_found');
  path = '/webhooks/flatfile';
  await refused(405, 'method_not_allowed');
  method = 'POST';
  await refused(403, 'https_required');
  repair({ 'X-Forwarded-Proto': 'https' });
  await refused(403, 'ip_not_allowed');
  repair({ 'X-Forwarded-For': '203.0.113.9' });
  await refused(401, 'token_missing');
  path += `?token=${TOKEN}`;
  await refused(401, 'hmac_missing');
  repair({ 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` });
  await refused(401, 'jwt_missing');
  repair({ Authorization: `Bearer ${token(JWT_SECRET, otherClaims)}` });
  await refused(415, 'encoding_unsupported');
  repair({ 'Content-Encoding': 'identity' });
  await refused(413, 'body_too_large');
  text = body;
  await refused(401, 'hmac_mismatch');
  repair(flexportHeaders(SECRET, body));
  await refused(401, 'jwt_body');
  repair({ Authorization: `Bearer ${token(JWT_SECRET, claims)}` });
  expect((await ask(service.port, bytesOf(method, path, headers, text))).status).toBe(200);
  expect(service.events()).toHaveLength(1);
});

const TLS = { 'X-Forwarded-Proto': 'https' };
const WELL_FORMED = { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` };

describe('before a byte of the body is there', () => {
  const cases: [string, string, Headers, number, string][] = [
    ['an unknown path', '/webhooks/unknown', TLS, 404, 'not_found'],
    ['a request without TLS', FLEXPORT, WELL_FORMED, 403, 'https_required'],
    ['a missing signature', FLEXPORT, TLS, 401, 'hmac_missing'],
    ['an odd signature', FLEXPORT, { ...TLS, 'X-Hub-Signature-256': 'sha256=ab' }, 401, 'hmac_malformed'],
    [
      'an encoded body',
      FLEXPORT,
      { ...TLS, ...WELL_FORMED, 'Content-Encoding': 'br' },
      415,
      'encoding_unsupported',
    ],
  ];

  test.each(cases)('%s is answered', async (_name, path, headers, status, code) => {
    const before = service.events().length;
    const answer = await ask(service.port, bytesOf('POST', path, { ...headers, 'Content-Length': '100' }));
    await expectRefusal(service, answer, [status, code], before);
  });

  test.each(cases)('%s is never told to continue', async (_name, path, headers, status, code) => {
    const before = service.events().length;
    const expecting = { ...headers, 'Content-Length': '100', Expect: '100-continue' };
    const answer = await ask(service.port, bytesOf('POST', path, expecting));
    await expectRefusal(service, answer, [status, code], before);
    expect(answer.headers.connection).toBe('close');
  });

  test('a length over the limit is refused at once, and the connection ends', async () => {
    const before = service.events().length;
    for (const expecting of [{}, { Expect: '100-continue' }]) {
      const wire = await openWire(service.port);
      const headers = { ...TLS, ...WELL_FORMED, ...expecting, 'Content-Length': '100000000' };
      wire.write(bytesOf('POST', FLEXPORT, headers));
      await expectRefusal(service, await wire.answer(), [413, 'body_too_large'], before);
      expect(wire.answers()[0]?.headers.connection).toBe('close');
      await wire.closed();
      expect(wire.answers()).toHaveLength(1);
    }
  });
});

async function upload(body: string, headers: Headers): Promise<Answer[]> {
  const wire = await openWire(service.port);
  const [head = '', sent = ''] = signed(SECRET, body, { ...TLS, ...headers }).split(/(?<=\r\n\r\n)/);
  wire.write(head);
  expect((await wire.answer()).status).toBe(100);
  wire.write(sent);
  await wire.answer(2);
  wire.close();
  return wire.answers();
}

test('a sender that waits for 100 Continue gets it once its head is good, and its event is kept', async () => {
  const before = service.events().length;
  const answers = await upload(bodyOf('continue'), { Expect: '100-continue' });
  expect(answers.map(({ status }) => status)).toEqual([100, 200]);
  expect(service.events()).toHaveLength(before + 1);
});

test('an expectation nobody knows does not lose a genuine event', async () => {
  const before = service.events().length;
  const wire = await openWire(service.port);
  wire.write(signed(SECRET, bodyOf('odd-expectation'), { ...TLS, Expect: 'a-miracle' }));
  await wire.answer();
  await service.line((line) => line.outcome === 'accepted' && service.events().length === before + 1);
  wire.close();
});

test('only an HTTP/1.1 sender that says exactly 100-continue is told to go on', async () => {
  const before = service.events().length;
  const odd = signed(SECRET, bodyOf('continues'), { ...TLS, Expect: '100-continue, a-miracle' });
  const old = signed(SECRET, bodyOf('of-old'), { ...TLS, Expect: '100-continue' }).replace(
    'HTTP/1.1',
    'HTTP/1.0',
  );
  for (const bytes of [odd, old]) {
    const wire = await openWire(service.port);
    wire.write(bytes);
    expect((await wire.answer()).status).toBe(200);
    wire.close();
  }
  expect(service.events()).toHaveLength(before + 2);
});

test('health needs neither TLS nor an allowed address', async () => {
  for (const path of ['/healthz', '/readyz']) {
    expect((await ask(service.port, bytesOf('GET', path))).status).toBe(200);
    const foreign = { 'X-Forwarded-For': '198.51.100.1', 'X-Forwarded-Proto': 'http' };
    expect((await ask(service.port, bytesOf('GET', path, foreign))).status).toBe(200);
  }
});

test('after all of this the service is well', async () => {
  const wire = await openWire(service.port);
  wire.write(signed(SECRET, bodyOf('well'), TLS));
  expect((await wire.answer()).status).toBe(200);
  wire.close();
});
