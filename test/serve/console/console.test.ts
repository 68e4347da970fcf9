/** The operator's port: who may use it, what it says, what it does, and that none of it is public. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';
import {
  ask,
  bodyOf,
  bytesOf,
  expectRefusal,
  FLEXPORT,
  metric,
  openWire,
  signed,
} from '../../harness/wire.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const TOKEN = 'the-console-token-of-the-tests-is-long-enough';
const OLD_TOKEN = 'the-console-token-before-it-is-long-as-well';

let open: RunningService;
let locked: RunningService;
beforeAll(async () => {
  const env = { FLEXPORT_WEBHOOK_SECRET: SECRET };
  [open, locked] = await Promise.all([
    openService({ env }),
    openService({ env: { ...env, CONSOLE_TOKEN: TOKEN, CONSOLE_TOKEN_PREVIOUS: OLD_TOKEN } }),
  ]);
});
afterAll(() => Promise.all([open.stop(), locked.stop()]));

const consoleOf = (service: RunningService) => supertest(`http://127.0.0.1:${service.consolePort}`);

describe('metrics', () => {
  test('are Prometheus text about requests, attempts, the backlog and the inbox', async () => {
    expect((await ask(open.port, signed(SECRET, bodyOf(randomUUID())))).status).toBe(200);
    await open.line((line) => line.outcome === 'done');
    const response = await consoleOf(open).get('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'consignee_requests_total{source="flexport",outcome="accepted",code=""} 1',
      'consignee_request_duration_seconds_count{source="flexport",outcome="accepted"} 1',
      'consignee_oldest_pending_seconds 0',
      'consignee_inbox_takes_writes 1',
      `consignee_build_info{version="${version}"} 1`,
      'consignee_bytes_in_flight 0',
    ]) {
      expect(response.text).toContain(`${line}\n`);
    }
    const done = 'consignee_attempts_total{handler="flexport/log",outcome="done"}';
    await expect.poll(() => metric(open, done)).toBe(1);
    expect(open.events()).toHaveLength(1);
  });

  test('have no more series after many odd requests than before', async () => {
    const series = async () => {
      const { text } = await consoleOf(open).get('/metrics');
      return text.split('\n').filter((line) => line.startsWith('consignee_')).length;
    };
    const odd = async (mark: string) => {
      const path = `/webhooks/${mark}?${mark}`;
      await ask(open.port, bytesOf('POST', path, { [`X-${mark}`]: mark, 'Content-Type': mark }));
      await ask(open.port, bytesOf('PUT', FLEXPORT, { 'User-Agent': mark }));
      await ask(open.port, bytesOf('POST', FLEXPORT, { 'X-Forwarded-For': mark }));
      await ask(open.port, signed(SECRET, bodyOf(mark, `/${mark}#${mark}`)));
      await ask(open.port, `${mark} / HTTP/1.1\r\n\r\n`);
      await consoleOf(open).get(`/${mark}`);
    };
    const before = await series();
    await odd('first-invention');
    for (let nth = 0; nth < 20; nth++) await odd(`m${randomUUID()}`);
    expect(await series()).toBe(before);
    const { text } = await consoleOf(open).get('/metrics');
    expect(text).not.toContain('invention');
  });
});

describe('without a token', () => {
  test.each([
    'evil.example',
    'evil.example:3001',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '169.254.169.254',
    '',
  ])('a page that calls the port "%s" is turned away', async (host) => {
    const held = open.events().length;
    for (const [method, path] of [
      ['GET', '/metrics'],
      ['GET', '/status'],
      ['POST', '/orders'],
    ] as const) {
      const answer = await ask(open.consolePort, bytesOf(method, path, { Host: host }));
      expect(answer.status).toBe(403);
      expect(answer.body).not.toContain('consignee_');
    }
    expect(open.events()).toHaveLength(held);
  });

  test.each(['localhost', 'localhost:3001', '127.0.0.1', '[::1]:3001'])(
    '"%s" is this machine',
    async (host) => {
      expect((await ask(open.consolePort, bytesOf('GET', '/metrics', { Host: host }))).status).toBe(200);
    },
  );

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'an order sent as %s, as a page could, is not carried out',
    async (type) => {
      const held = open.events();
      const order = JSON.stringify({ inbox: inboxOf(open), action: 'discard', event: held[0]?.number });
      const headers = { Host: 'localhost', Origin: 'http://evil.example', 'Content-Type': type };
      const answer = await ask(open.consolePort, bytesOf('POST', '/orders', headers, order));
      expect(answer.status).toBe(403);
      expect(open.events()).toEqual(held);
    },
  );
});

describe('with a token', () => {
  test.each([
    ['none', undefined],
    ['a wrong one', 'Bearer of-bad-news'],
    ['an empty one', 'Bearer '],
    ['another scheme', `Basic ${TOKEN}`],
    ['more than the token', `Bearer ${TOKEN}x`],
    ['a part of it', `Bearer ${TOKEN.slice(0, -1)}`],
    ['two', `Bearer ${TOKEN} ${TOKEN}`],
  ])('%s is not enough', async (_name, authorization) => {
    for (const path of ['/metrics', '/status', '/orders', '/', '/nowhere']) {
      const headers = { Host: 'localhost', ...(authorization && { Authorization: authorization }) };
      expect((await ask(locked.consolePort, bytesOf('GET', path, headers))).status).toBe(401);
    }
    expect(locked.output()).not.toContain(TOKEN);
  });

  test.each([TOKEN, OLD_TOKEN])('a live one opens the port under any host name: %s', async (given) => {
    const headers = { Host: 'console.internal', Authorization: `Bearer ${given}` };
    const answer = await ask(locked.consolePort, bytesOf('GET', '/metrics', headers));
    expect(answer.status).toBe(200);
  });
});

function inboxOf(service: RunningService): string {
  return String(service.sql<{ value: string }>("SELECT value FROM meta WHERE key = 'inbox'")[0]?.value);
}

test('a copy of the inbox goes into an empty file of the same user only, and of this inbox', async () => {
  const file = (name: string) => join(open.folder, name);
  writeFileSync(file('full'), 'something');
  writeFileSync(file('empty'), '');
  symlinkSync(file('empty'), file('link'));
  const copy = (body: object) => consoleOf(open).post('/rescue').send(body);
  expect((await copy({ to: file('empty') })).status).toBe(400);
  expect((await copy({ inbox: file('other.db'), to: file('empty') })).status).toBe(409);
  for (const name of ['full', 'link', 'nothing']) {
    expect((await copy({ inbox: open.inboxPath, to: file(name) })).status).toBe(422);
  }
  expect(readFileSync(file('full'), 'utf8')).toBe('something');
  expect(existsSync(file('nothing'))).toBe(false);
  expect((await copy({ inbox: open.inboxPath, to: file('empty') })).status).toBe(200);
  expect(readFileSync(file('empty')).toString('latin1', 0, 15)).toBe('SQLite format 3');
  expect((await consoleOf(locked).post('/rescue').send({})).status).toBe(401);
});

describe('orders', () => {
  const order = (body: unknown) =>
    consoleOf(open)
      .post('/orders')
      .set('Content-Type', 'application/json')
      .send(body as object);

  test('replay gives an event to its handlers once more', async () => {
    const answer = JSON.parse((await ask(open.port, signed(SECRET, bodyOf(randomUUID())))).body);
    const runs = () =>
      open.lines().filter((line) => line.eventId === answer.id && line.attempt !== undefined);
    await waitFor(() => runs().length === 1, 20_000, open.output);
    const event = Number(open.events().at(-1)?.number);
    const inbox = inboxOf(open);
    const replayed = async () => (await order({ inbox, action: 'replay', event })).body.changed;
    await expect.poll(replayed).toBe(1);
    await waitFor(() => runs().length === 2, 20_000, open.output);
    expect(runs().map((line) => line.outcome)).toEqual(['done', 'done']);
  });

  test.each([
    ['no JSON at all', '{"inbox":', 400],
    ['a scalar', '1', 400],
    ['no members', {}, 400],
    ['another action', { inbox: 'x', action: 'delete', event: 1 }, 400],
    ['an event that is no whole number', { inbox: 'x', action: 'replay', event: 1.5 }, 400],
    ['another inbox', { inbox: 'x', action: 'replay', event: 1 }, 409],
  ])('with %s are refused without a word about our insides', async (_name, body, status) => {
    const held = open.events();
    const response = await order(body);
    expect(response.status).toBe(status);
    expect(response.text).not.toMatch(/SyntaxError|node_modules|\bat /);
    expect(open.events()).toEqual(held);
  });

  test('too large for an order are refused', async () => {
    expect((await order({ inbox: 'x'.repeat(200_000), action: 'replay', event: 1 })).status).toBe(413);
  });
});

test('a recheck is for the inbox that it names', async () => {
  const recheck = (body: object) =>
    consoleOf(open).post('/recheck').set('Content-Type', 'application/json').send(body);
  expect((await ask(open.port, signed('x'.repeat(40), bodyOf(randomUUID())))).status).toBe(401);
  const held = open.events();
  for (const [body, status] of [
    [{}, 400],
    [{ inbox: 1 }, 400],
    [{ inbox: 'x' }, 409],
  ] as const)
    expect((await recheck(body)).status).toBe(status);
  const { status, body } = await recheck({ inbox: inboxOf(open) });
  expect([status, body]).toEqual([
    200,
    expect.arrayContaining([{ source: 'flexport', looked: 1, accepted: 0, passNowOnly: 0, handshakes: 0 }]),
  ]);
  expect(open.events()).toEqual(held);
});

test('nothing of the console is on the public port, and no webhooks are on the console’s', async () => {
  const held = open.events().length;
  for (const path of ['/metrics', '/status', '/orders', '/console', '/events', '/admin', '/debug']) {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(open.port, bytesOf(method, path));
      await expectRefusal(open, answer, [404, 'not_found'], held);
    }
  }
  const answer = await ask(open.consolePort, signed(SECRET, bodyOf('console'), { Host: 'localhost' }));
  expect(answer.status).toBe(403);
  expect(answer.headers).not.toHaveProperty('x-powered-by');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(open.events()).toHaveLength(held);
});

test('noise on the console’s port does not harm the service', async () => {
  const wire = await openWire(open.consolePort);
  wire.write('\u0000noise\r\n\r\n');
  await wire.closed();
  expect((await ask(open.port, bytesOf('GET', '/readyz'))).status).toBe(200);
});
