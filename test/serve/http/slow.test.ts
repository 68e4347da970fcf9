/** Senders that take their time and are cut off within seconds. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import {
  bodyOf,
  bytesOf,
  expectHealthy,
  FLEXPORT,
  lineAfter,
  metric,
  openWire,
  signed,
  type Wire,
} from '../../harness/wire.ts';

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    knobs: { headersTimeoutMs: 1_000, requestTimeoutMs: 1_500, keepAliveTimeoutMs: 2_000 },
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, FLINTN_WEBHOOK_SECRET: SECRET },
  });
});
afterAll(() => service.stop());

/** Writes a byte at a time until the other side hangs up. */
async function drip(wire: Wire, text: string): Promise<void> {
  let at = 0;
  const timer = setInterval(
    () => wire.socket.writable && at < text.length && wire.write(text[at++] ?? ''),
    100,
  );
  try {
    await wire.closed();
  } finally {
    clearInterval(timer);
  }
}

test.concurrent('a head that drips in is cut off with 408, logged and counted', async () => {
  const series = 'consignee_requests_total{source="none",outcome="refused",code="request_timeout"}';
  const before = await metric(service, series);
  const wire = await openWire(service.port);
  await drip(wire, signed(SECRET, bodyOf('dripping-head')));
  expect(wire.answers().map(({ status }) => status)).toEqual([408]);
  await service.line((line) => line.code === 'request_timeout' && line.source === 'none');
  expect(await metric(service, series)).toBeGreaterThan(before);
  expect(service.events().map((event) => event.external_id)).not.toContain('dripping-head');
});

test.concurrent('a body that drips in is cut off with 408, and told once', async () => {
  const wire = await openWire(service.port);
  const body = JSON.stringify({ id: 'dripping-body', filler: 'x'.repeat(500) });
  wire.write(bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, body), 'Content-Length': '520' }));
  await drip(wire, body);
  expect(wire.answers().map(({ status }) => status)).toEqual([408]);
  await service.line((line) => line.code === 'request_timeout' && line.source === 'flexport');
  expect(service.lines().filter((line) => line.source === 'flexport' && line.outcome === 'refused')).toEqual([
    expect.objectContaining({ code: 'request_timeout', status: 408 }),
  ]);
  expect(service.events().map((event) => event.external_id)).not.toContain('dripping-body');
});

test.concurrent('chunks that drip in are cut off as well', async () => {
  const wire = await openWire(service.port);
  const head = bytesOf('POST', '/webhooks/flintn', {
    'X-Signature-Primary': Buffer.alloc(32).toString('base64'),
    'Transfer-Encoding': 'chunked',
  });
  wire.write(head);
  await drip(wire, '1\r\nx\r\n'.repeat(50));
  expect(wire.answers().map(({ status }) => status)).toEqual([408]);
  expect(service.events().map((event) => event.body.toString())).not.toContain('x');
});

test.concurrent('a connection on which nothing is ever sent is closed', async () => {
  const wire = await openWire(service.port);
  await wire.closed();
  expect(wire.answers().every(({ status }) => status === 408)).toBe(true);
});

test.concurrent('a connection is kept for the next delivery, and closed after the time set', async () => {
  const [first, second] = [randomUUID(), randomUUID()];
  const wire = await openWire(service.port);
  wire.write(signed(SECRET, bodyOf(first)));
  expect((await wire.answer()).headers['keep-alive']).toBe('timeout=2');
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  wire.write(signed(SECRET, bodyOf(second)));
  expect((await wire.answer(2)).status).toBe(200);
  const ids = service.events().map((event) => event.external_id);
  expect(ids).toEqual(expect.arrayContaining([first, second]));
  await wire.closed();
  expect(wire.answers()).toHaveLength(2);
});

test('many slow and idle connections do not stand in the way of good deliveries', async () => {
  const body = bodyOf('never-finished');
  const wires = await Promise.all(Array.from({ length: 600 }, () => openWire(service.port)));
  for (const [at, wire] of wires.entries()) {
    if (at % 3 === 0) wire.write(`POST ${FLEXPORT} HTTP/1.1\r\nHost: a\r\nX-Slow: `);
    if (at % 3 === 1) wire.write(signed(SECRET, body).slice(0, -1));
  }
  for (let nth = 0; nth < 20; nth++) await expectHealthy(service, SECRET, randomUUID());
  await Promise.all(wires.map((wire) => wire.closed()));
  expect(service.events().map((event) => event.external_id)).not.toContain('never-finished');
  expect(await metric(service, 'consignee_bytes_in_flight')).toBe(0);
});

test('the knobs as they come outlast the idle time of load balancers', async () => {
  const own = await openService({ env: { FLEXPORT_WEBHOOK_SECRET: SECRET } });
  try {
    const wire = await openWire(own.port);
    const since = own.lines().length;
    wire.write(signed(SECRET, bodyOf('patient')));
    const { headers } = await wire.answer();
    expect(Number(headers['keep-alive']?.replace('timeout=', ''))).toBeGreaterThan(60);
    await lineAfter(own, since, (line) => line.outcome === 'accepted');
    wire.close();
    expect(own.events()).toHaveLength(1);
  } finally {
    await own.stop();
  }
});
