/** What a handler is given. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { numberOf, SECRETS, signature, untilOutcome, wired } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService } from '../../harness/service.ts';
import { token } from '../../harness/signing.ts';

const QUERY_TOKEN = 'a-token-of-the-tests-that-is-long-enough';
const JWT_SECRET = 'a-jwt-secret-of-the-tests-that-is-long-enough';

let service: RunningService;
beforeAll(async () => {
  service = await openService(
    wired({ env: { MIRROR_WEBHOOK_TOKEN: QUERY_TOKEN, MIRROR_JWT_SECRET: JWT_SECRET } }),
  );
});
afterAll(() => service.stop());

async function mirrored(body: string | Buffer, claims: string) {
  const seconds = Math.floor(Date.now() / 1000);
  const response = await fetch(`${service.url}/webhooks/mirror?token=${QUERY_TOKEN}`, {
    method: 'POST',
    headers: {
      'X-Hub-Signature-256': signature(body),
      Authorization: `Bearer ${token(JWT_SECRET, `{${claims}"iat":${seconds}}`)}`,
      'Content-Type': 'application/json; charset=utf-8',
      'X-Request-Id': 'r-1',
      'X-Region': 'eu-1',
      'X-Original-URL': `/webhooks/mirror?token=${QUERY_TOKEN}`,
      'X-Named-Nowhere': 'whatever',
      Cookie: 'session=1',
    },
    body: new Uint8Array(Buffer.from(body)),
  });
  const answer = (await response.json()) as { id: string };
  expect([response.status, answer]).toMatchObject([200, { status: 'accepted' }]);
  await untilOutcome(service, answer.id, 'done');
  const event = JSON.parse(readFileSync(join(service.folder, 'event.json'), 'utf8'));
  return { id: answer.id, event, bytes: readFileSync(join(service.folder, 'event.body')) };
}

test('it has the bytes that were verified, what they say, and where they came from', async () => {
  const body = ' { "id" : 9007199254740993, "type":"/t", "value":"\\u0000é\\ud800" }\r\n';
  const before = Date.now();
  const { id, event, bytes } = await mirrored(
    body,
    '"id":9007199254740993,"type":"/t","value":"\\u0000é\\ud800",',
  );
  expect(bytes).toEqual(Buffer.from(body));
  expect(event).toMatchObject({
    id,
    source: 'mirror',
    type: '/t',
    externalId: '9007199254740993',
    attempt: 1,
    kind: true,
    value: '\u0000é\ud800',
  });
  expect(Date.parse(event.receivedAt)).toBeGreaterThanOrEqual(before);
  expect(service.sql('SELECT payload FROM events WHERE id = ?', id)).toEqual([{ payload: body }]);
});

test('what stands behind a byte order mark is its data, and the mark is among its bytes', async () => {
  const body = Buffer.from('\uFEFF{"id":"bom","value":7}');
  const { event, bytes } = await mirrored(body, '"id":"bom","value":7,');
  expect(event).toMatchObject({ externalId: 'bom', value: 7 });
  expect(bytes).toEqual(body);
});

test('its headers are in lower case and tell nothing that proves a sender', async () => {
  const { id, event } = await mirrored('{"id":2}', '"id":2,');
  expect(event.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-request-id': 'r-1',
    'x-region': 'eu-1',
    'x-original-url': '/webhooks/mirror?[redacted]',
  });
  const names = Object.keys(event.headers);
  expect(names).toEqual(names.map((name) => name.toLowerCase()));
  for (const name of ['authorization', 'x-hub-signature-256', 'cookie', 'x-named-nowhere'])
    expect(names).not.toContain(name);
  const stored = service.sql<{ headers: string }>('SELECT headers FROM inbox WHERE number = ?', numberOf(id));
  for (const text of [JSON.stringify(event), String(stored[0]?.headers)]) {
    for (const secret of [QUERY_TOKEN, JWT_SECRET, 'Bearer', 'sha256=', SECRETS.MIRROR_WEBHOOK_SECRET]) {
      expect(text).not.toContain(secret);
    }
  }
});

test('an event without type or id says so', async () => {
  const { event } = await mirrored('{"value":5}', '"value":5,');
  expect(event).toMatchObject({ type: null, externalId: null, value: 5 });
});
