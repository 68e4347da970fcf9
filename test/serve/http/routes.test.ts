/** What is served where: exact paths, one method, and a source that is off. */
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import {
  ask,
  bodyOf,
  bytesOf,
  expectHealthy,
  expectRefusal,
  FLEXPORT,
  lineOf,
  signed,
} from '../../harness/wire.ts';

let service: RunningService;
beforeAll(async () => {
  service = await openService({ env: { FLEXPORT_WEBHOOK_SECRET: SECRET } });
});
afterAll(() => service.stop());

const NOWHERE = [
  '/',
  '/webhooks',
  '/webhooks/',
  '/webhooks/flexport/',
  '/webhooks//flexport',
  '//webhooks/flexport',
  '/WEBHOOKS/flexport',
  '/webhooks/Flexport',
  '/webhooks/flex%70ort',
  '/webhooks%2Fflexport',
  '/webhooks/flexport%2F',
  '/webhooks/flexport%00',
  '/webhooks/flexport%20',
  '/webhooks/flexport;a=b',
  '/webhooks/flexport/x',
  '/webhooks/x/../flexport',
  '/webhooks/./flexport',
  '/webhooks/%2e%2e/webhooks/flexport',
  '/webhooks/flexport#x',
  '/webhooks/flexport#?token=x',
  '/webhooks/flexport\\',
  '/webhooks/unknown',
  '/webhooks/__proto__',
  '/webhooks/constructor',
  '/webhooks/toString',
  '/webhooks/%zz',
  '/metrics',
  '/orders',
  '/healthz/',
  '/HEALTHZ',
  'http://[',
  'http://receiver.test/webhooks/flexport/',
];

test.each(NOWHERE)('there is nothing at %s, even for a genuine delivery', async (path) => {
  const answer = await ask(service.port, signed(SECRET, bodyOf('nowhere'), {}, path));
  const line = await expectRefusal(service, answer, [404, 'not_found'], 0);
  expect(answer.body).not.toContain('webhooks');
  expect(JSON.stringify(line)).not.toContain('%');
});

const NO_QUERY = '/webhooks/flexport: its query does not begin with ?';
test.each([
  ['/webhooks/flexport/?token=hush', '/webhooks/flexport/', '/webhooks/flexport: the slashes differ'],
  ['//webhooks//flexport', '//webhooks//flexport', '/webhooks/flexport: the slashes differ'],
  ['/Webhooks/Flexport', '/Webhooks/Flexport', '/webhooks/flexport: upper and lower case differ'],
  ['/api/webhooks/flexport', '/api/webhooks/flexport', '/webhooks/flexport: /api stands before it'],
  ['/flexport', '/flexport', '/webhooks/flexport: its beginning is missing'],
  ['/webhooks/flexport%3Ftoken=hush', '/webhooks/flexport', NO_QUERY],
  ['/webhooks/flexport%253ftoken=hush', '/webhooks/flexport', NO_QUERY],
  ['/webhooks/flexport&token=hush', '/webhooks/flexport', NO_QUERY],
  ['/webhooks/flexport/token=hush', '/webhooks/flexport/token', undefined],
  ['/nothing/like/it', '/nothing/like/it', undefined],
  ['/a"b\\c', '/a?b?c', undefined],
  [`/${'a'.repeat(200)}`, `/${'a'.repeat(99)}…`, undefined],
])('the log says of %s what was asked for, and what is meant', async (target, path, meant) => {
  const answer = await ask(service.port, signed(SECRET, bodyOf('missed'), {}, target));
  const line = await expectRefusal(service, answer, [404, 'not_found'], 0);
  expect(line.path).toBe(path);
  expect(line.meant).toBe(meant);
  expect(answer.body).not.toContain('webhooks');
  expect(service.output()).not.toContain('hush');
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'])(
  'a webhook sent by %s is told to use POST',
  async (method) => {
    const bytes = signed(SECRET, bodyOf('method')).replace('POST', method);
    const answer = await ask(service.port, bytes);
    await expectRefusal(service, answer, [405, 'method_not_allowed'], 0);
    expect(answer.headers.allow).toBe('POST');
  },
);

test('HEAD is refused like any other method, without a body', async () => {
  const response = await supertest(service.url).head(FLEXPORT);
  expect(response.status).toBe(405);
  expect(response.headers.allow).toBe('POST');
  expect(response.text ?? '').toBe('');
  expect(service.events()).toHaveLength(0);
});

test('a method in lower case is not HTTP', async () => {
  const answer = await ask(service.port, signed(SECRET, bodyOf('lower')).replace('POST', 'post'));
  expect(answer.status).toBe(400);
  expect(service.events()).toHaveLength(0);
});

test.each(['POST', 'GET', 'DELETE'])('a source that is off answers 404 to %s', async (method) => {
  const answer = await ask(service.port, bytesOf(method, '/webhooks/shippo?token=x'));
  const line = await expectRefusal(service, answer, [404, 'not_found'], 0);
  expect(line.source).toBe('shippo');
  expect(line.reason).toContain('SHIPPO_WEBHOOK_SECRET');
  expect(answer.headers.allow).toBeUndefined();
});

test('the boot log says what would switch a source on', () => {
  const off = service.lines().filter((line) => String(line.msg).startsWith('source is off'));
  expect(off.map((line) => line.source)).toEqual(['shippo', 'flintn', 'flatfile']);
  expect(off.map((line) => line.msg).join()).toContain('FLINTN_WEBHOOK_SECRET');
});

test('a query or the absolute form of the target changes nothing for a genuine delivery', async () => {
  const id = randomUUID();
  const before = service.events().length;
  for (const path of [`${FLEXPORT}?a=b&c`, `${FLEXPORT}?`, `http://receiver.test${FLEXPORT}`]) {
    expect((await ask(service.port, signed(SECRET, bodyOf(id), {}, path))).status).toBe(200);
  }
  expect(service.events()).toHaveLength(before + 1);
});

describe('health', () => {
  test.each([
    ['/healthz', 'ok'],
    ['/readyz', 'ready'],
    ['/healthz?from=balancer', 'ok'],
  ])('%s answers 200 and is not cached', async (path, status) => {
    const before = service.events().length;
    const response = await supertest(service.url).get(path);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ status });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(service.events()).toHaveLength(before);
  });

  test('HEAD is answered as well, and POST is not', async () => {
    expect((await supertest(service.url).head('/healthz')).status).toBe(200);
    const answer = await ask(service.port, bytesOf('POST', '/healthz'));
    expect(answer.status).toBe(404);
    expect((await lineOf(service, answer)).source).toBe('none');
  });
});

test('after all of this the service still keeps genuine events', async () => {
  await expectHealthy(service, SECRET, randomUUID());
});
