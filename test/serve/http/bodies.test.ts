/** Bodies: how much, how framed, how encoded, and what becomes of one that never arrives in full. */
import { once } from 'node:events';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { type RunningService, startService } from '../../harness/service.ts';
import { flexportHeaders, opensslMac } from '../../harness/signing.ts';
import {
  ask,
  bodyOf,
  bytesOf,
  chunk,
  expectRefusal,
  FLEXPORT,
  lineAfter,
  metric,
  openWire,
  refusalLines,
  signed,
} from '../../harness/wire.ts';

const LIMIT = 100_000;
const CHUNKED = { 'Transfer-Encoding': 'chunked' };

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    env: {
      FLEXPORT_WEBHOOK_SECRET: SECRET,
      FLEXPORT_BODY_LIMIT: String(LIMIT),
      FLINTN_WEBHOOK_SECRET: SECRET,
    },
  });
});
afterAll(() => service.stop());

function filled(length: number, id: string): string {
  const start = `{"id":"${id}","filler":"`;
  return `${start}${'x'.repeat(length - start.length - 2)}"}`;
}

describe('the limit', () => {
  test.each([LIMIT - 1, LIMIT])('a body of %i bytes is kept whole', async (length) => {
    const body = filled(length, `of-${length}`);
    const before = service.events().length;
    expect((await ask(service.port, signed(SECRET, body))).status).toBe(200);
    const events = service.events();
    expect(events).toHaveLength(before + 1);
    expect(events.at(-1)?.body.toString()).toBe(body);
  });

  test('one byte more is refused, whatever its framing', async () => {
    const before = service.events().length;
    const body = filled(LIMIT + 1, 'over');
    const refusal = [413, 'body_too_large'] as const;
    await expectRefusal(service, await ask(service.port, signed(SECRET, body)), refusal, before);
    const chunked = signed(SECRET, body, CHUNKED).replace(body, `${chunk(body)}0\r\n\r\n`);
    await expectRefusal(service, await ask(service.port, chunked), refusal, before);
  });

  test('the default limit of a source is 1,048,576 bytes', async () => {
    const before = service.events().length;
    const post = (body: string) =>
      supertest(service.url)
        .post('/webhooks/flintn')
        .set('X-Signature-Primary', opensslMac(SECRET, body).toString('base64'))
        .set('Content-Type', 'application/json')
        .send(body);
    expect((await post(filled(1_048_576, 'flintn'))).status).toBe(200);
    expect((await post(filled(1_048_577, 'flintn+1'))).status).toBe(413);
    expect(service.events()).toHaveLength(before + 1);
  });

  test('the answer to a refused length ends the connection, even when little is unread', async () => {
    const wire = await openWire(service.port);
    wire.write(
      bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, ''), 'Content-Length': String(LIMIT + 1) }),
    );
    expect((await wire.answer()).headers.connection).toBe('close');
    await wire.closed();
  });

  test('a chunked body is refused while the sender is still sending', async () => {
    const before = service.events().length;
    const wire = await openWire(service.port);
    wire.write(bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, 'never'), ...CHUNKED }));
    const piece = chunk('y'.repeat(20_000));
    const sending = setInterval(() => !wire.socket.destroyed && wire.write(piece), 5);
    try {
      const answer = await wire.answer();
      await expectRefusal(service, answer, [413, 'body_too_large'], before);
      expect(answer.headers.connection).toBe('close');
      await wire.closed();
    } finally {
      clearInterval(sending);
    }
    expect(await metric(service, 'consignee_bytes_in_flight')).toBe(0);
  });
});

describe('framing', () => {
  test('a body in chunks of one byte is kept as if it were whole', async () => {
    const body = '{"id":"one-byte","type":"/é"}';
    const pieces = [...Buffer.from(body)].map((byte) => `1\r\n${String.fromCharCode(byte)}\r\n`);
    const head = bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, body), ...CHUNKED });
    const before = service.events().length;
    const answer = await ask(service.port, Buffer.from(`${head}${pieces.join('')}0\r\n\r\n`, 'latin1'));
    expect(answer.status).toBe(200);
    expect(service.events()).toHaveLength(before + 1);
    expect(service.events().at(-1)?.body.toString()).toBe(body);
  });

  test('chunks that come one after the other, with extensions, are read together', async () => {
    const body = bodyOf('slow-chunks');
    const before = service.events().length;
    const wire = await openWire(service.port);
    wire.write(bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, body), ...CHUNKED }));
    for (const character of body.match(/.{1,7}/g) ?? []) {
      wire.write(chunk(character).replace('\r\n', ';ext=1\r\n'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    wire.write('0\r\n\r\n');
    expect((await wire.answer()).status).toBe(200);
    wire.close();
    expect(service.events()).toHaveLength(before + 1);
  });

  test('no body at all is zero bytes: verified like any other, and kept', async () => {
    const before = service.events().length;
    const lines = Object.entries(flexportHeaders(SECRET, '')).map(([name, value]) => `${name}: ${value}\r\n`);
    const bare = `POST ${FLEXPORT} HTTP/1.1\r\nHost: receiver.test\r\n${lines.join('')}\r\n`;
    const first = await ask(service.port, bare);
    expect([first.status, JSON.parse(first.body).status]).toEqual([200, 'accepted']);
    const second = await ask(service.port, signed(SECRET, ''));
    expect([second.status, JSON.parse(second.body).status]).toEqual([200, 'duplicate']);
    const unsigned = await ask(service.port, `POST ${FLEXPORT} HTTP/1.1\r\nHost: receiver.test\r\n\r\n`);
    await expectRefusal(service, unsigned, [401, 'hmac_missing'], before + 1);
    expect(service.events().at(-1)?.body).toHaveLength(0);
  });

  test('a signature in a trailer comes too late', async () => {
    const before = service.events().length;
    const body = bodyOf('trailer');
    const [[name, value] = []] = Object.entries(flexportHeaders(SECRET, body));
    const head = bytesOf('POST', FLEXPORT, { ...CHUNKED, Trailer: String(name) });
    const answer = await ask(service.port, `${head}${chunk(body)}0\r\n${name}: ${value}\r\n\r\n`);
    await expectRefusal(service, answer, [401, 'hmac_missing'], before);
  });

  test.each(['application/xml', 'text/plain; charset=utf-16', 'multipart/form-data', '', ';;;'])(
    'the content type "%s" makes no difference',
    async (type) => {
      const before = service.events().length;
      const body = bodyOf(`type ${type}`);
      expect((await ask(service.port, signed(SECRET, body, { 'Content-Type': type }))).status).toBe(200);
      expect(service.events()).toHaveLength(before + 1);
    },
  );
});

describe('encodings', () => {
  const body = Buffer.from(bodyOf('compressed'));
  const compressed: [string, Buffer][] = [
    ['gzip', gzipSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
    ['deflate', deflateSync(body)],
    ['x-gzip', gzipSync(body)],
    ['identity, gzip', gzipSync(body)],
  ];
  test.each(compressed)('%s is refused, whichever bytes were signed', async (encoding, bytes) => {
    const before = service.events().length;
    for (const over of [bytes, body]) {
      const headers = { ...flexportHeaders(SECRET, over), 'Content-Encoding': encoding };
      const head = bytesOf('POST', FLEXPORT, { ...headers, 'Content-Length': String(bytes.length) });
      const answer = await ask(service.port, Buffer.concat([Buffer.from(head), bytes]));
      await expectRefusal(service, answer, [415, 'encoding_unsupported'], before);
      expect(answer.headers['accept-encoding']).toBe('identity');
    }
  });

  test.each([
    'identity',
    'Identity',
    '',
    ' ',
    'identity, identity',
    'UTF-8',
    'utf8',
    'iso-8859-1',
    'identity,utf-8',
  ])('%j is no compression', async (encoding) => {
    const before = service.events().length;
    const bytes = signed(SECRET, bodyOf(`as-${encoding}`), { 'Content-Encoding': encoding });
    expect((await ask(service.port, bytes)).status).toBe(200);
    expect(service.events()).toHaveLength(before + 1);
  });
});

test('senders of very small chunks cannot fill the memory', async () => {
  const small = await startService({
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, NODE_OPTIONS: '--max-old-space-size=32' },
    knobs: { requestTimeoutMs: 120_000 },
  });
  const wire = await openWire(small.port);
  try {
    const kilobyte = chunk('x').repeat(1_000);
    wire.write(bytesOf('POST', FLEXPORT, { ...flexportHeaders(SECRET, 'other'), ...CHUNKED }));
    for (let sent = 0; sent < 400; sent++) {
      if (!wire.socket.write(kilobyte)) await once(wire.socket, 'drain');
    }
    wire.write('0\r\n\r\n');
    await expectRefusal(small, await wire.answer(1, 120_000), [401, 'hmac_mismatch'], 0);
    const answer = await ask(small.port, signed(SECRET, bodyOf('after-the-flood')));
    expect(answer.status).toBe(200);
    expect(small.events()).toHaveLength(1);
  } finally {
    wire.close();
    await small.stop();
  }
});

describe('an upload that breaks off', () => {
  const broken: [string, string, (wire: Awaited<ReturnType<typeof openWire>>) => void][] = [
    ['ended', 'abort-end', (wire) => wire.socket.end()],
    ['destroyed', 'abort-destroy', (wire) => wire.socket.destroy()],
    ['reset', 'abort-reset', (wire) => wire.socket.resetAndDestroy()],
  ];
  test.each(broken)('by a connection %s leaves nothing behind but one line', async (_name, id, hangUp) => {
    const before = service.events().length;
    const since = service.lines().length;
    const wire = await openWire(service.port);
    wire.write(signed(SECRET, bodyOf(id)).slice(0, -3));
    await new Promise((resolve) => setTimeout(resolve, 50));
    hangUp(wire);
    await lineAfter(service, since, (line) => line.code === 'body_aborted');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const said = refusalLines(service, since);
    expect(said.map(({ source, code }) => [source, code])).toEqual([['flexport', 'body_aborted']]);
    expect(service.events()).toHaveLength(before);
    expect(await metric(service, 'consignee_bytes_in_flight')).toBe(0);
    expect((await ask(service.port, signed(SECRET, bodyOf(id)))).status).toBe(200);
    expect(service.events()).toHaveLength(before + 1);
  });
});
