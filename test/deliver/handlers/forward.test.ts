/** What a forward sends, through the real process: the bytes, the signature, the headers; and what it does not. */
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recorded, untilRecorded } from '../../fixtures/command/run.ts';
import {
  callOf,
  SIGNING_SECRET,
  startForwarding,
  TARGET_TOKEN,
  tell,
  tellBytes,
} from '../../fixtures/forward/run.ts';
import { numberOf, signature, workOf } from '../../harness/deliver.ts';
import { SECRET } from '../../harness/project.ts';
import type { Service } from '../../harness/service.ts';
import { type Call, startTarget, type Target } from './target.ts';

const RETIRED = `whsec_${Buffer.from('canary: the retired key, 24+').toString('base64')}`;

let target: Target;
let service: Service;
beforeAll(async () => {
  target = await startTarget();
  service = await startForwarding(target, {
    ORDERS_SIGNING_SECRET_PREVIOUS: RETIRED,
    // Neither is asked.
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    LOG_LEVEL: 'trace',
  });
});
afterAll(async () => {
  await service.stop();
  await target.down();
});

const body = (type: unknown, more = '') =>
  `{"id":"${crypto.randomUUID()}","type":${JSON.stringify(type)}${more}}`;

async function forwarded(source: string, text: string | Buffer): Promise<{ id: string; call: Call }> {
  const id = await tellBytes(service, source, text);
  const call = await callOf(target, service, id);
  await untilRecorded(service, id, 'done');
  return { id, call };
}

function verify({ headers, body }: Call, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
}

test('the exact bytes go out, and the package verifies them by the new secret and by the retired one', async () => {
  const odd = `\n{ "id":\t"exact-1",\r\n "type" : "told", "n": 12345678901234567890.10, "é": "\\u00e9 😀 \\u0000" } \n`;
  const { id, call } = await forwarded('plain', odd);
  expect(call.body).toEqual(Buffer.from(odd));
  expect(call.path).toBe('/plain?tenant=one');
  for (const secret of [SIGNING_SECRET, RETIRED]) verify(call, secret);
  expect(() => verify({ ...call, body: Buffer.from(odd.trim()) }, SIGNING_SECRET)).toThrow();
  expect(call.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
  expect(call.headers['webhook-id']).toBe(id);
  expect(recorded(service, id)).toMatchObject([{ attempt: 1, outcome: 'done', status: '200', output: null }]);
  expect(workOf(service, id)).toEqual([]);
});

test('these headers go out and no others', async () => {
  const { id, call } = await forwarded('plain', body('told'));
  expect(call.headers).toEqual({
    host: `127.0.0.1:${target.port}`,
    connection: 'keep-alive',
    authorization: `Bearer ${TARGET_TOKEN}`,
    'x-tenant': 'one',
    'content-type': 'application/json',
    'content-length': String(call.body.length),
    'user-agent': 'Consignee',
    'idempotency-key': id,
    'consignee-source': 'plain',
    'consignee-type': 'told',
    'consignee-attempt': '1',
    'webhook-id': id,
    'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    'webhook-signature': expect.any(String),
  });
});

test('of what the provider sent nothing but the content type reaches the target', async () => {
  const text = body('told');
  const canary = 'canary-of-the-sender';
  const response = await fetch(`${service.url}/webhooks/plain?token=${canary}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/vnd.flexport+json; charset=utf-8',
      'X-Hub-Signature-256': signature(text),
      Authorization: `Bearer ${canary}`,
      Cookie: `session=${canary}`,
      'X-Forwarded-For': '203.0.113.9',
      'X-Request-Id': canary,
      'Webhook-Id': canary,
      'Webhook-Signature': `v1,${canary}`,
      'Ce-Type': canary,
      'Idempotency-Key': canary,
      'Consignee-Source': canary,
      'User-Agent': canary,
    },
    body: text,
  });
  const { id } = (await response.json()) as { id: string };
  const call = await callOf(target, service, id);
  expect(call.headers['content-type']).toBe('application/vnd.flexport+json; charset=utf-8');
  expect(JSON.stringify(call)).not.toContain(canary);
  expect(JSON.stringify(call)).not.toContain('203.0.113.9');
  expect(call.headers['user-agent']).toBe('Consignee');
  expect(new Set(call.names).size).toBe(call.names.length);
});

test('a retry has the same id, another attempt, and a timestamp and signature of its own', async () => {
  const id = await tell(service, 'plain', { status: 500, afterMs: 1 }, { status: 200 });
  await untilRecorded(service, id, 'done');
  const calls = target.callsOf(id);
  expect(calls.map(({ headers }) => headers['consignee-attempt'])).toEqual(['1', '2']);
  expect(new Set(calls.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
  for (const call of calls) verify(call, SIGNING_SECRET);
});

test('unsigned: nothing that looks like a signature', async () => {
  const { call } = await forwarded('unsigned', body('told'));
  expect(call.names.filter((name) => name.startsWith('webhook-'))).toEqual([]);
  expect(call.headers['idempotency-key']).toMatch(/^evt_/);
});

test.each([
  ['/shipment_leg#arrived', '/shipment_leg#arrived'],
  ['a b"c%d', 'a%20b%22c%25d'],
  ['größe 😀', 'gr%C3%B6%C3%9Fe%20%F0%9F%98%80'],
  ['line\r\nX-Injected: 1', 'line%0D%0AX-Injected:%201'],
  ['nul\0', 'nul%00'],
  ['half \ud800', 'half%20%EF%BF%BD'],
  ['', undefined],
  [null, undefined],
])('a type %j goes into one header: %s', async (type, header) => {
  const { call } = await forwarded('plain', body(type));
  expect(call.headers['consignee-type']).toBe(header);
  expect(call.headers['x-injected']).toBeUndefined();
});

test('a type that is too long for a header is left out', async () => {
  const { call: long } = await forwarded('plain', body('ü'.repeat(200)));
  expect(long.headers['consignee-type']).toBe('%C3%BC'.repeat(200));
  const { call: longer } = await forwarded('plain', body('x'.repeat(201)));
  expect(longer.names).not.toContain('consignee-type');
  const { call: longest } = await forwarded('binary', body('x'.repeat(100_000)));
  expect(eventIn(longest).type).toBe('unknown');
});

function eventIn({ headers, body }: Call): CloudEvent<Record<string, unknown>> {
  const event = HTTP.toEvent<Record<string, unknown>>({ headers, body: body.toString() });
  if (!(event instanceof CloudEvent)) throw new Error('not one event');
  event.validate();
  return event;
}

const receivedAt = (id: string) => {
  const [row] = service.sql<{ at: number }>(
    'SELECT received_at AS at FROM inbox WHERE number = ?',
    numberOf(id),
  );
  return new Date(row?.at ?? 0).toISOString();
};

test.each(['binary', 'structured'])('the CloudEvents package reads the %s mode', async (source) => {
  const { id, call } = await forwarded(source, body('/shipment_leg#arrived', ',"data":{"a":[1,"ü"]}'));
  const event = eventIn(call);
  expect(event).toMatchObject({
    specversion: '1.0',
    id,
    source: `/webhooks/${source}`,
    type: '/shipment_leg#arrived',
    time: receivedAt(id),
    datacontenttype: 'application/json',
    data: { type: '/shipment_leg#arrived', data: { a: [1, 'ü'] } },
  });
  verify(call, SIGNING_SECRET);
  expect(call.headers['consignee-source']).toBe(source);
});

test.each(['binary', 'structured'])(
  'in the %s mode big integers and odd spaces are left as they are',
  async (source) => {
    const text = `{"id": 9007199254740993,\n "type":"told","n":1.0,"n":2.50e1, "\\u0061":1}`;
    const { call } = await forwarded(source, text);
    expect(call.body.toString()).toContain(text);
    verify(call, SIGNING_SECRET);
    expect(eventIn(call).data).toMatchObject({ type: 'told', n: 25, a: 1 });
  },
);

test.each([
  ['größe 😀 "100%"', 'größe 😀 "100%"'],
  ['line\r\nbreak', 'line\uFFFD\uFFFDbreak'],
  ['\u0085\uFFFF \ud800', '\uFFFD\uFFFD \uFFFD'],
  ['', 'unknown'],
  [null, 'unknown'],
])('CloudEvents have a type for %j', async (type, expected) => {
  const [binary, structured] = await Promise.all(
    ['binary', 'structured'].map((source) => forwarded(source, body(type))),
  );
  // The package leaves the percent-encoding of the specification as it is.
  expect(decodeURIComponent(eventIn(binary?.call as Call).type)).toBe(expected);
  expect(eventIn(structured?.call as Call).type).toBe(expected);
});

test('no secret shows in the log, nor in the inbox, even if the target says it back', async () => {
  const text = `${TARGET_TOKEN} Authorization: Bearer ${TARGET_TOKEN}`;
  const id = await tell(service, 'plain', { status: 500, text }, { status: 400, text });
  await untilRecorded(service, id, 'dead');
  await service.line((line) => line.eventId === id && line.outcome === 'dead');
  expect(recorded(service, id)[0]?.output).toContain('[redacted]');
  const attempts = JSON.stringify(service.sql('SELECT error, status, output FROM attempts'));
  for (const canary of [SIGNING_SECRET, RETIRED, TARGET_TOKEN, SECRET, 'tenant=one']) {
    expect(service.output()).not.toContain(canary.replace('whsec_', ''));
    expect(attempts).not.toContain(canary.replace('whsec_', ''));
  }
});
