/** Which refused requests are kept, with what, and within which bounds. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { useFolder } from '../../harness/folder.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, flintnHeaders, shippoHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';
import { raw } from '../../harness/wire.ts';

const WRONG = 'a-secret-that-nobody-has-set-0123456789';
const { consignee } = useFolder();
let service: RunningService;
afterEach(() => service.stop());

interface Row {
  readonly id: string;
  readonly code: string;
  readonly address: string;
  readonly credentials: string;
  readonly headers: string;
  readonly body: Uint8Array;
}

function kept(): Row[] {
  // It is made beside the start, and has its name when it is whole.
  if (!existsSync(`${service.inboxPath}-refused`)) return [];
  const database = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare('SELECT * FROM refused ORDER BY number').all() as unknown as Row[];
  } finally {
    database.close();
  }
}
const untilKept = (count: number) => waitFor(() => kept().length >= count, 20_000, service.output);

async function send(path: string, body: string, headers: Record<string, string>) {
  const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, id: ((await response.json()) as { id: string }).id };
}

/** A request to Flintn that is refused and kept, and with it all that was to be kept before. Answers with its id. */
async function keepOneMore(): Promise<string> {
  const { id } = await send('/webhooks/flintn', '{}', flintnHeaders(WRONG, '{}'));
  await waitFor(() => kept().some((row) => row.id === id), 20_000, service.output);
  return id;
}

test('a body that was read is kept with its signature header, byte for byte', async () => {
  service = await openService();
  const body = ' {"id":1,\r\n"type":"x"} ';
  const headers = {
    ...flexportHeaders(WRONG, body),
    'X-Request-Id': 'yes',
    'X-Trace': 'canary',
    Cookie: 'canary=1',
  };
  const { status, id } = await send('/webhooks/flexport', body, headers);
  expect(status).toBe(401);
  await untilKept(1);
  const [row] = kept() as [Row];
  expect(row).toMatchObject({ id, code: 'hmac_mismatch', address: '127.0.0.1' });
  expect(Buffer.from(row.body).toString()).toBe(body);
  const signature = Object.values(flexportHeaders(WRONG, body))[0];
  expect(JSON.parse(row.credentials).map((text: string) => text.toLowerCase())).toEqual([
    'x-hub-signature-256',
    signature,
  ]);
  expect(JSON.parse(row.headers)).toMatchObject({ 'x-request-id': 'yes' });
  expect(row.headers).not.toContain('canary');
  expect(service.events()).toEqual([]);
});

test('a body that came behind the answer is kept too, and the connection lives on', async () => {
  service = await openService({
    env: { SHIPPO_WEBHOOK_TOKEN: 'a-token-of-the-tests-that-is-long-enough', SHIPPO_WEBHOOK_SECRET: SECRET },
  });
  const body = JSON.stringify({ event: 'track_updated', data: 'x'.repeat(100_000) });
  const headers = Object.entries(shippoHeaders(SECRET, body)).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = (query: string) =>
    `POST /webhooks/shippo${query} HTTP/1.1\r\nHost: x\r\n${headers.join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
  const good = request('?token=a-token-of-the-tests-that-is-long-enough');
  const answer = await raw(service.port, request('?token=canary-of-a-token') + good);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  await untilKept(1);
  expect(kept()[0]).toMatchObject({ code: 'token_mismatch' });
  expect(Buffer.from(kept()[0]?.body ?? []).toString()).toBe(body);
  const bytes = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true });
  expect(JSON.stringify(bytes.prepare('SELECT * FROM refused').all())).not.toContain('canary-of-a-token');
  bytes.close();
});

test('what waits for 100 Continue is refused as before: no byte of it is asked for', async () => {
  service = await openService({
    env: { SHIPPO_WEBHOOK_TOKEN: 'a-token-of-the-tests-that-is-long-enough', FLINTN_WEBHOOK_SECRET: SECRET },
  });
  const head =
    'POST /webhooks/shippo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
  expect(await raw(service.port, head)).toMatch(/^HTTP\/1\.1 401/);
  const last = await keepOneMore();
  expect(kept().map(({ id }) => id)).toEqual([last]);
});

test('what an allowlist refuses is not kept, nor what it would refuse if it were enforced', async () => {
  const env = {
    FLEXPORT_WEBHOOK_SECRET: SECRET,
    FLEXPORT_ALLOW_FROM: '203.0.113.7',
    SHIPPO_WEBHOOK_SECRET: SECRET,
    FLINTN_WEBHOOK_SECRET: SECRET,
  };
  service = await openService({ env: { ...env, SHIPPO_ALLOW_FROM: 'shippo', SHIPPO_OBSERVE: 'ip' } });
  expect((await send('/webhooks/flexport', '{}', flexportHeaders(WRONG, '{}'))).status).toBe(403);
  expect((await send('/webhooks/shippo', '{}', shippoHeaders(WRONG, '{}'))).status).toBe(401);
  const last = await keepOneMore();
  expect(kept().map(({ id }) => id)).toEqual([last]);
});

test('the oldest of the loudest address goes first, and a source keeps no more than its share', async () => {
  service = await openService({
    // Room for five requests of 360 bytes.
    knobs: { refused: { bytesMax: 1_980 } },
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, TRUST_PROXY: 'loopback' },
  });
  const from = (address: string, id: number) => {
    const body = `{"id":${id}}`;
    return send('/webhooks/flexport', body, { ...flexportHeaders(WRONG, body), 'X-Forwarded-For': address });
  };
  await from('198.51.100.1', 1);
  for (let id = 10; id < 20; id++) await from('203.0.113.66', id);
  await waitFor(
    () => kept().some(({ body }) => Buffer.from(body).toString() === '{"id":19}'),
    20_000,
    service.output,
  );
  const rows = kept().map(({ address, body }) => `${address} ${Buffer.from(body)}`);
  expect(rows).toEqual([
    '198.51.100.1 {"id":1}',
    ...[16, 17, 18, 19].map((id) => `203.0.113.66 {"id":${id}}`),
  ]);
  await service.stop();
  const said = service.lines().filter(({ msg }) => String(msg).startsWith('refused requests were deleted'));
  expect(said[0]).toMatchObject({ level: 'warn', source: 'flexport' });
  expect(said.reduce((sum, { count }) => sum + Number(count), 0)).toBe(6);
});

test('a flood is dropped beyond what may be kept, and good events go on', async () => {
  service = await openService();
  const begun = performance.now();
  // Fewer than the connections that one address may have.
  const flood = Array.from({ length: 450 }, (_, at) => {
    const body = `{"id":${at}}`;
    return send('/webhooks/flexport', body, { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` });
  });
  const other = '{"event":"x"}';
  const elsewhere = await send('/webhooks/shippo', other, shippoHeaders(WRONG, other));
  const good = '{"id":"good"}';
  const answer = await send('/webhooks/flexport', good, flexportHeaders(SECRET, good));
  expect(answer.status).toBe(200);
  expect((await Promise.all(flood)).every(({ status }) => status === 401)).toBe(true);
  const seconds = (performance.now() - begun) / 1_000;
  await keepOneMore();
  // A burst of 200, fifty a second after it, and those of the other sources.
  expect(kept().length).toBeLessThanOrEqual(200 + 50 * seconds + 2);
  expect(kept().map(({ id }) => id)).toContain(elsewhere.id);
  expect(service.events()).toHaveLength(1);
});

test('the command lists, shows and judges them again, and shows no signature', async () => {
  service = await openService();
  const body = '{"id":7,"type":"x"}';
  const { id } = await send('/webhooks/flexport', body, flexportHeaders(WRONG, body));
  await untilKept(1);
  const env = {
    DATABASE_URL: `sqlite:${service.inboxPath}`,
    FLEXPORT_WEBHOOK_SECRET: SECRET,
    FLATFILE_WEBHOOK_SECRET: SECRET,
    CONSOLE_PORT: String(service.consolePort),
  };
  const events = (...args: string[]) => consignee(['events', 'refused', ...args], env);
  const list = await events('list');
  expect(list).toMatchObject({ code: 0, output: expect.stringContaining(`${id}  20`) });
  expect(list.output).toContain(
    'flexport: the signature does not match any live secret; one request from one address',
  );
  expect(list.output).toContain('Was the secret rotated?');
  const shown = await events('show', id);
  expect(shown.output).toContain('hmac_mismatch');
  expect(shown.output).not.toContain((Object.values(flexportHeaders(WRONG, body))[0] as string).slice(7));
  expect((await events('show', id, '--body')).output).toBe(body);
  const cut = '{"_accessToken":"sk_live_canary","id":"us_evt_1"}';
  const ours = await send('/webhooks/flatfile', cut, flexportHeaders(WRONG, cut));
  await untilKept(2);
  expect((await events('show', ours.id, '--body')).output).toBe('{"id":"us_evt_1"}');
  expect((await events('show', ours.id, '--json')).output).not.toContain('sk_live_canary');
  expect((await events('recheck')).output).toContain('flexport  0 of 1 pass now');
  expect((await events('show', 'ref_0000')).code).toBe(1);
  expect((await events('forget')).code).toBe(64);
});
