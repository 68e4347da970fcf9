/** The answers, word for word, in development and in production. */
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { type RunningService, startService } from '../../harness/service.ts';
import { flexportHeaders, shippoHeaders, token } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';
import {
  type Answer,
  ask,
  bodyOf,
  bytesOf,
  expectRefusal,
  FLEXPORT,
  type Headers,
  signed,
} from '../../harness/wire.ts';

const JWT_SECRET = 'the-jwt-secret-of-the-answers-tests-is-long';
const TOKEN = 'the-query-token-of-the-answers-tests-is-long';
const ENV = {
  FLEXPORT_WEBHOOK_SECRET: SECRET,
  SHIPPO_WEBHOOK_SECRET: SECRET,
  FLINTN_WEBHOOK_TOKEN: TOKEN,
  FLATFILE_JWT_SECRET: JWT_SECRET,
};

let development: RunningService;
let production: RunningService;
beforeAll(async () => {
  [development, production] = await Promise.all([
    startService({ env: ENV, args: ['--dev'] }),
    openService({
      env: { ...ENV, NODE_ENV: 'production', TRUST_PROXY: 'loopback', SHUTDOWN_DELAY_MS: '0' },
    }),
  ]);
});
afterAll(() => Promise.all([development.stop(), production.stop()]));

const TLS = { 'X-Forwarded-Proto': 'https' };

describe('a kept event', () => {
  test('is answered with its id, a second copy with the first one’s', async () => {
    for (const service of [development, production]) {
      const held = service.events().length;
      const body = bodyOf(randomUUID());
      const post = () =>
        supertest(service.url)
          .post(FLEXPORT)
          .set({ ...TLS, ...flexportHeaders(SECRET, body), 'Content-Type': 'application/json' })
          .send(body);
      const first = await post();
      expect(first.status).toBe(200);
      expect(first.headers['content-type']).toBe('application/json');
      expect(first.text).toMatch(/^\{"status":"accepted","id":"evt_[0-9a-f]{14}"\}$/);
      const second = await post();
      expect(second.status).toBe(200);
      expect(second.text).toBe(first.text.replace('accepted', 'duplicate'));
      expect(service.events()).toHaveLength(held + 1);
    }
  });

  test('that is held for a person is answered like any other', async () => {
    const held = production.events().length;
    const id = randomUUID();
    await ask(production.port, signed(SECRET, bodyOf(id), TLS));
    const answer = await ask(production.port, signed(SECRET, bodyOf(id, '/something#else'), TLS));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ status: 'accepted', id: expect.stringMatching(/^evt_/) });
    expect(production.events()).toHaveLength(held + 2);
    const said = JSON.parse(answer.body).id;
    const line = await production.line((record) => record.eventId === said && record.status === 200);
    expect(line.outcome).toBe('held');
  });
});

function unauthorized(): [string, Headers][] {
  const body = bodyOf('unauthorized');
  const late = Math.floor(Date.now() / 1000) - 400;
  const claims = (iat: number) => token(JWT_SECRET, `{"iat":${iat},${body.slice(1)}`);
  return [
    [FLEXPORT, {}],
    [FLEXPORT, { 'X-Hub-Signature-256': 'sha256=short' }],
    [FLEXPORT, { 'X-Hub-Signature': `sha1=${'a'.repeat(40)}` }],
    [FLEXPORT, flexportHeaders('not the secret that is expected here', body)],
    ['/webhooks/shippo', {}],
    ['/webhooks/shippo', shippoHeaders(SECRET, body, late)],
    ['/webhooks/flintn', {}],
    ['/webhooks/flintn?token=wrong', {}],
    [`/webhooks/flintn?token=${TOKEN}&token=${TOKEN}`, {}],
    ['/webhooks/flintn?token=%zz', {}],
    ['/webhooks/flatfile', {}],
    ['/webhooks/flatfile', { Authorization: 'Basic eDp5' }],
    ['/webhooks/flatfile', { Authorization: `Bearer ${claims(late)}` }],
    ['/webhooks/flatfile', { Authorization: `Bearer ${token(SECRET, `{"iat":${late}}`)}` }],
  ];
}

function askUnauthorized(service: RunningService): Promise<Answer[]> {
  const body = bodyOf('unauthorized');
  return Promise.all(
    unauthorized().map(([path, headers]) =>
      ask(service.port, bytesOf('POST', path, { ...TLS, ...headers }, body)),
    ),
  );
}

describe('a refusal', () => {
  test('in production says the same for every check that fails, but for its id', async () => {
    const held = production.events().length;
    const answers = await askUnauthorized(production);
    const ids = new Set<string>();
    for (const { status, headers, body } of answers) {
      expect(status).toBe(401);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(headers['www-authenticate']).toBeUndefined();
      const { id, ...rest } = JSON.parse(body);
      expect(id).toMatch(/^ref_[0-9a-f]{16}$/);
      ids.add(id);
      expect(rest).toEqual({ title: 'Unauthorized', status: 401 });
    }
    expect(ids.size).toBe(answers.length);
    expect(new Set(answers.map(({ headers }) => Object.keys(headers).sort().join())).size).toBe(1);
    expect(production.events()).toHaveLength(held);
  });

  test('in development says what failed, in the answer as in the log', async () => {
    const held = development.events().length;
    const details = new Set<string>();
    for (const { body } of await askUnauthorized(development)) {
      const { id, detail, ...rest } = JSON.parse(body);
      expect(rest).toEqual({ title: 'Unauthorized', status: 401 });
      const lineOfId = () =>
        development
          .output()
          .split('\n')
          .find((one) => one.includes(id));
      const line = await waitFor(lineOfId, 20_000, development.output);
      expect(line).toContain(detail);
      details.add(detail);
    }
    expect(details.size).toBeGreaterThan(9);
    expect(development.events()).toHaveLength(held);
  });

  test.each<[number, string, string, string, Headers]>([
    [404, 'Not Found', 'POST', '/nowhere', TLS],
    [405, 'Method Not Allowed', 'PUT', FLEXPORT, TLS],
    [403, 'Forbidden', 'POST', FLEXPORT, {}],
    [415, 'Unsupported Media Type', 'POST', FLEXPORT, { ...TLS, 'Content-Encoding': 'gzip' }],
    [413, 'Payload Too Large', 'POST', FLEXPORT, { ...TLS, 'Content-Length': '99999999' }],
  ])('of status %i has title, status and id in production, and nothing else', async (...expected) => {
    const [status, title, method, path, headers] = expected;
    const held = production.events().length;
    const wellFormed = { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` };
    const answer = await ask(production.port, bytesOf(method, path, { ...wellFormed, ...headers }));
    const { id, ...rest } = JSON.parse(answer.body);
    expect(rest).toEqual({ title, status });
    expect(id).toMatch(/^ref_[0-9a-f]{16}$/);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(production.events()).toHaveLength(held);
  });
});

test('every answer carries the security headers and none says what it was made with', async () => {
  const held = production.events().length;
  const answers = [
    await ask(production.port, signed(SECRET, bodyOf('headers'), TLS)),
    await ask(production.port, signed(SECRET, bodyOf('headers'))),
    await ask(production.port, bytesOf('GET', '/')),
    await ask(production.port, bytesOf('POST', 'http://[')),
    await ask(production.port, bytesOf('GET', '/healthz')),
    await ask(production.port, bytesOf('GET', '/readyz')),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 403, 404, 404, 200, 200]);
  for (const { headers, body } of answers) {
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['strict-transport-security']).toContain('max-age=');
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('set-cookie');
    expect(body).not.toMatch(/node_modules|\bat .*:\d+|express|<html/i);
  }
  expect(production.events()).toHaveLength(held + 1);
});

test('a body that no parser likes is no reason to show one’s insides', async () => {
  for (const body of [
    '{',
    '{"__proto__":{"polluted":1}}',
    '[',
    'null',
    '{"id":null}',
    '\u0000',
    '{"id":{}}',
  ]) {
    const held = production.events().length;
    const answer = await ask(production.port, signed(SECRET, body, TLS));
    expect(answer.status).toBe(200);
    expect(production.events()).toHaveLength(held + 1);
    const unsigned = await ask(production.port, bytesOf('POST', FLEXPORT, TLS, body));
    await expectRefusal(production, unsigned, [401, 'hmac_missing'], held + 1);
    expect(unsigned.body).not.toMatch(/SyntaxError|TypeError|\bat /);
  }
});
