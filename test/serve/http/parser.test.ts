/** What the HTTP parser refuses: answered, logged and counted once each, and nothing gets in beside it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, token } from '../../harness/signing.ts';
import {
  answersIn,
  ask,
  bodyOf,
  bytesOf,
  chunk,
  expectHealthy,
  expectRefusal,
  FLEXPORT,
  lineAfter,
  metric,
  openWire,
  raw,
  refusalLines,
  signed,
} from '../../harness/wire.ts';

const JWT_SECRET = 'the-jwt-secret-of-the-parser-tests-is-long';

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, FLATFILE_JWT_SECRET: JWT_SECRET },
  });
});
afterAll(() => service.stop());

const BODY = bodyOf('parser');
const HEAD = `POST ${FLEXPORT} HTTP/1.1\r\nHost: receiver.test\r\n`;
const SIGNATURE = Object.entries(flexportHeaders(SECRET, BODY))
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNKS = `${chunk(BODY)}0\r\n\r\n`;
const GENUINE = `${HEAD}${SIGNATURE}${LENGTH}\r\n${BODY}`;

const MALFORMED: [string, string][] = [
  ['a length and chunks', `${HEAD}${SIGNATURE}${LENGTH}${CHUNKED}\r\n${CHUNKS}`],
  ['chunks and a length', `${HEAD}${SIGNATURE}${CHUNKED}${LENGTH}\r\n${CHUNKS}`],
  ['two lengths', `${HEAD}${SIGNATURE}${LENGTH}Content-Length: 3\r\n\r\n${BODY}`],
  ['the same length twice', `${HEAD}${SIGNATURE}${LENGTH}${LENGTH}\r\n${BODY}`],
  ['a signed length', `${HEAD}${SIGNATURE}Content-Length: +${BODY.length}\r\n\r\n${BODY}`],
  ['a hexadecimal length', `${HEAD}${SIGNATURE}Content-Length: 0x23\r\n\r\n${BODY}`],
  ['a length that is no number', `${HEAD}${SIGNATURE}Content-Length: ten\r\n\r\n${BODY}`],
  ['chunked, but not last', `${HEAD}${SIGNATURE}Transfer-Encoding: chunked, gzip\r\n\r\n${CHUNKS}`],
  ['another coding before chunked', `${HEAD}${SIGNATURE}Transfer-Encoding: gzip, chunked\r\n\r\n${CHUNKS}`],
  ['chunks in HTTP/1.0', `${HEAD.replace('1.1', '1.0')}${SIGNATURE}${CHUNKED}\r\n${CHUNKS}`],
  ['bare line feeds', GENUINE.replaceAll('\r\n', '\n')],
  ['a folded header', `${HEAD}${SIGNATURE}X-Folded: a\r\n b\r\n${LENGTH}\r\n${BODY}`],
  ['a space before the colon', `${HEAD}${SIGNATURE}X-Odd : a\r\n${LENGTH}\r\n${BODY}`],
  ['a NUL in a header', `${HEAD}${SIGNATURE}X-Odd: a\0b\r\n${LENGTH}\r\n${BODY}`],
  ['an escape in a header', `${HEAD}${SIGNATURE}X-Odd: \u001b[31m\r\n${LENGTH}\r\n${BODY}`],
  ['a lone carriage return', `${HEAD}${SIGNATURE}X-Odd: a\rb\r\n${LENGTH}\r\n${BODY}`],
  ['a space in the path', GENUINE.replace(FLEXPORT, '/webhooks/ flexport')],
  ['an unknown version', GENUINE.replace('HTTP/1.1', 'HTTP/1.2')],
  ['HTTP/2 in the request line', GENUINE.replace('HTTP/1.1', 'HTTP/2.0')],
  ['HTTP/0.9', `POST ${FLEXPORT}\r\n\r\n`],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no Host', GENUINE.replace('Host: receiver.test\r\n', '')],
  ['two Hosts', GENUINE.replace('Host:', 'Host: other.test\r\nhost:')],
  ['the PROXY protocol', `PROXY TCP4 203.0.113.7 10.0.0.1 5 80\r\n${GENUINE}`],
  ['the start of a TLS handshake', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ['noise', '\u00ff\u00fe\u0000\u0001\r\n\r\n'],
];

async function expectOneLine(since: number, code: string): Promise<void> {
  await lineAfter(service, since, (line) => line.code === code);
  const said = refusalLines(service, since);
  expect(said.map((line) => [line.outcome, line.code])).toEqual([['refused', code]]);
}

const MALFORMED_SERIES = 'consignee_requests_total{source="none",outcome="refused",code="request_malformed"}';

describe('a genuine delivery with', () => {
  test.each(MALFORMED)('%s is answered 400, logged and counted', async (_name, bytes) => {
    const held = service.events().length;
    const since = service.lines().length;
    const counted = await metric(service, MALFORMED_SERIES);
    const answers = answersIn(await raw(service.port, Buffer.from(bytes, 'latin1')));
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(answers[0]?.headers.connection).toBe('close');
    await expectOneLine(since, 'request_malformed');
    expect(await metric(service, MALFORMED_SERIES)).toBe(counted + 1);
    expect(service.events()).toHaveLength(held);
  });

  test('broken chunks is refused and named by its source', async () => {
    const held = service.events().length;
    const since = service.lines().length;
    const text = await raw(service.port, `${HEAD}${SIGNATURE}${CHUNKED}\r\n3\r\nabc\r\nZZ\r\n`);
    expect(answersIn(text).map(({ status }) => status)).toEqual([400]);
    await expectOneLine(since, 'request_malformed');
    expect(refusalLines(service, since)[0]?.source).toBe('flexport');
    expect(service.events()).toHaveLength(held);
  });

  test.each([
    ['more than 64 KiB in one header', `X-Large: ${'x'.repeat(70_000)}\r\n`],
    ['more than 64 KiB in many headers', `X-Large: ${'x'.repeat(700)}\r\n`.repeat(100)],
    ['more than a thousand headers', 'X-Many: a\r\n'.repeat(1_001)],
  ])('%s is answered 431', async (_name, lines) => {
    const held = service.events().length;
    const since = service.lines().length;
    const [answer] = answersIn(await raw(service.port, `${HEAD}${lines}${SIGNATURE}${LENGTH}\r\n${BODY}`));
    expect(answer?.status).toBe(431);
    await expectOneLine(since, 'headers_too_large');
    expect(service.events()).toHaveLength(held);
  });
});

test('a token of 40 kB fits into the headers', async () => {
  const held = service.events().length;
  const body = JSON.stringify({ id: randomUUID(), filler: 'x'.repeat(30_000) });
  const claims = `{"iat":${Math.floor(Date.now() / 1000)},${body.slice(1)}`;
  const authorization = `Bearer ${token(JWT_SECRET, claims)}`;
  expect(authorization.length).toBeGreaterThan(40_000);
  const bytes = bytesOf('POST', '/webhooks/flatfile', { Authorization: authorization }, body);
  expect((await ask(service.port, bytes)).status).toBe(200);
  expect(service.events()).toHaveLength(held + 1);
});

test('two Authorization lines are refused, whichever is the good one', async () => {
  const held = service.events().length;
  const body = bodyOf('two-tokens');
  const claims = `{"iat":${Math.floor(Date.now() / 1000)},${body.slice(1)}`;
  const good = `Authorization: Bearer ${token(JWT_SECRET, claims)}\r\n`;
  for (const lines of [`${good}Authorization: Bearer x\r\n`, `Authorization: Bearer x\r\n${good}`]) {
    const head = `POST /webhooks/flatfile HTTP/1.1\r\nHost: a\r\n${lines}Content-Length: ${body.length}\r\n`;
    const answer = await ask(service.port, `${head}\r\n${body}`);
    await expectRefusal(service, answer, [401, 'jwt_repeated'], held);
  }
});

test('requests sent in one go are answered in their order', async () => {
  const held = service.events().length;
  const wire = await openWire(service.port);
  const [first, second] = [randomUUID(), randomUUID()];
  wire.write(
    signed(SECRET, bodyOf(first)) +
      bytesOf('GET', '/healthz') +
      bytesOf('POST', FLEXPORT, {}, '{}') +
      signed(SECRET, bodyOf(second)) +
      signed(SECRET, bodyOf(first)),
  );
  await wire.answer(5);
  wire.close();
  const answers = wire.answers().map(({ status, body }) => [status, JSON.parse(body).status]);
  expect(answers).toEqual([
    [200, 'accepted'],
    [200, 'ok'],
    [401, 401],
    [200, 'accepted'],
    [200, 'duplicate'],
  ]);
  const ids = service.events().map((event) => event.external_id);
  expect(ids.slice(held)).toEqual([first, second]);
});

test('garbage after a delivery does not cost it its answer, and ends the connection', async () => {
  const held = service.events().length;
  const since = service.lines().length;
  const id = randomUUID();
  const wire = await openWire(service.port);
  wire.write(`${signed(SECRET, bodyOf(id))}GARBAGE\r\n\r\n`);
  await wire.closed();
  expect(wire.answers().map(({ status }) => status)).toEqual([200]);
  expect(service.events()).toHaveLength(held + 1);
  await lineAfter(service, since, (line) => line.code === 'request_malformed');
  const again = await ask(service.port, signed(SECRET, bodyOf(id)));
  expect(JSON.parse(again.body).status).toBe('duplicate');
  expect(service.events()).toHaveLength(held + 1);
});

test('a sender that closes its half once all is written still gets its answer', async () => {
  const held = service.events().length;
  for (let nth = 1; nth <= 5; nth++) {
    const wire = await openWire(service.port);
    wire.socket.end(signed(SECRET, bodyOf(randomUUID())));
    expect((await wire.answer()).status).toBe(200);
    await wire.closed();
    expect(service.events()).toHaveLength(held + nth);
  }
});

test('an upgrade is not accepted, and the delivery is', async () => {
  const held = service.events().length;
  for (const protocol of ['websocket', 'h2c']) {
    const upgrade = { Connection: 'Upgrade', Upgrade: protocol };
    const answer = await ask(service.port, signed(SECRET, bodyOf(`upgrade-${protocol}`), upgrade));
    expect(answer.status).toBe(200);
  }
  expect(service.events()).toHaveLength(held + 2);
});

test('CONNECT is refused like any other request, and after all of this the service is well', async () => {
  const held = service.events().length;
  const bytes = 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test\r\n\r\n';
  const wire = await openWire(service.port);
  wire.write(bytes);
  const answer = await wire.answer();
  await expectRefusal(service, answer, [404, 'not_found'], held);
  expect(answer.headers.connection).toBe('close');
  await wire.closed();
  await expectHealthy(service, SECRET, randomUUID());
});
