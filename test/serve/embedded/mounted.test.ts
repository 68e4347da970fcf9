/** Consignee inside a server of somebody else's: Express 5, Fastify and node:http, at the root and below a prefix. */
import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { mount } from 'consignee/express';
import express, { type Request, type Response } from 'express';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRET } from '../../harness/project.ts';
import { flexportHeaders, opensslMac } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';
import { ask, bodyOf, bytesOf, FLEXPORT, openWire, signed } from '../../harness/wire.ts';
import { type Host, makeHost } from './host.ts';

const OTHER = 'another-secret-that-is-long-enough';
const PUBLIC_URL = 'https://shop.example/hooks';
let host: Host;
beforeAll(async () => {
  host = makeHost({}, { URLS_WEBHOOK_SECRET: SECRET, PUBLIC_URL, FLEXPORT_BODY_LIMIT: '2kb' });
  await host.consignee.start();
});
afterAll(() => host.remove());

/** Apps are put together before the service is made. */
const later = {
  handle: (...given: Parameters<Host['consignee']['handle']>) => host.consignee.handle(...given),
} as Host['consignee'];

/** Sends a genuine event and expects it in the inbox, byte for byte. */
async function expectKept(port: number, path: string, id: string) {
  const body = bodyOf(id);
  const answer = await ask(port, signed(SECRET, body, { 'Content-Type': 'application/json' }, path));
  expect(answer.status, answer.body).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({ status: 'accepted' });
  expect(host.bodies().at(-1)).toBe(body);
}

const codesSince = (since: number) => host.lines.slice(since).flatMap(({ code }) => code ?? []);

describe('Express', () => {
  const app = express();
  app.use('/hooks', mount(later));
  app.use(mount(later));
  app.use(express.json());
  app.post('/echo', (request: Request, response: Response) => void response.json(request.body));
  app.get('/healthz', (_request, response) => void response.send('of the application'));
  let port: number;
  beforeAll(async () => {
    port = await host.serve(app);
  });

  test('takes a delivery at the root and below a prefix, and its handler runs in this process', async () => {
    const before = host.handled.length;
    await expectKept(port, FLEXPORT, 'express-root');
    await expectKept(port, `/hooks${FLEXPORT}`, 'express-prefix');
    await waitFor(
      () => host.handled.length === before + 2,
      20_000,
      () => JSON.stringify(host.lines),
    );
    expect(host.handled.at(-1)).toMatchObject({ source: 'flexport', data: { id: 'express-prefix' } });
  });

  test('leaves everything else to the application', async () => {
    const echoed = await ask(
      port,
      bytesOf('POST', '/echo', { 'Content-Type': 'application/json' }, '{"a":1}'),
    );
    expect(echoed.body).toBe('{"a":1}');
    expect((await ask(port, bytesOf('GET', '/healthz'))).body).toBe('of the application');
    expect((await ask(port, bytesOf('GET', '/webhooks'))).headers['content-type']).toContain('text/html');
    expect((await ask(port, bytesOf('POST', '/webhooks/unknown'))).headers['content-type']).toBe(
      'application/problem+json',
    );
  });

  test('a URL that is signed is the registered one, prefix and all', async () => {
    const body = '{"id":1}';
    const url = `${PUBLIC_URL}/webhooks/urls?token=a1`;
    const mac = opensslMac(SECRET, `${url}${body}`).toString('hex');
    const before = host.bodies().length;
    const answer = await ask(port, bytesOf('POST', '/hooks/webhooks/urls?token=a1', { 'X-Sign': mac }, body));
    expect(answer.status, answer.body).toBe(200);
    expect(host.bodies()).toHaveLength(before + 1);
  });

  test('a path that was meant is told as it stands below the prefix', async () => {
    const since = host.lines.length;
    await ask(port, signed(SECRET, bodyOf('missed'), {}, '/hooks/webhooks/Flexport'));
    const line = host.lines.slice(since).find(({ code }) => code === 'not_found');
    expect(line).toMatchObject({ path: '/webhooks/Flexport' });
    expect(line?.meant).toMatch(/^\/webhooks\/flexport: upper and lower case differ/);
  });

  test('what is not genuine is refused, and a body over the limit too', async () => {
    const before = host.bodies().length;
    expect((await ask(port, signed(OTHER, bodyOf('forged')))).status).toBe(401);
    const large = JSON.stringify({ id: 'large', text: 'x'.repeat(3_000) });
    expect((await ask(port, signed(SECRET, large))).status).toBe(413);
    expect(host.bodies()).toHaveLength(before);
  });

  test('one 100 Continue comes before the answer, from the server', async () => {
    const body = bodyOf('continue');
    const wire = await openWire(port);
    const head = bytesOf('POST', FLEXPORT, {
      ...flexportHeaders(SECRET, body),
      Expect: '100-continue',
      'Content-Length': String(Buffer.byteLength(body)),
    });
    wire.write(head);
    expect((await wire.answer(1)).status).toBe(100);
    wire.write(body);
    expect((await wire.answer(2)).status).toBe(200);
    wire.close();
  });
});

describe('a body that a parser has read', () => {
  /** Twice at once: the log names the fix once a minute. */
  async function expectConsumed(port: number, headers: Record<string, string> = {}) {
    const [before, since] = [host.bodies().length, host.lines.length];
    for (const id of ['consumed-1', 'consumed-2']) {
      const json = { 'Content-Type': 'application/json', ...headers };
      const answer = await ask(port, signed(SECRET, bodyOf(id), json));
      expect(answer.status, answer.body).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(JSON.parse(answer.body).detail).toContain('has read the body');
    }
    expect(host.bodies()).toHaveLength(before);
    expect(codesSince(since).filter((code) => code !== 'body_consumed')).toEqual([]);
    return host.lines.slice(since).filter(({ message }) => message?.includes('before any body parser'));
  }

  test('is answered with 503 behind express.json(), and the log names the fix once a minute', async () => {
    const app = express();
    app.use(express.json(), mount(later));
    const port = await host.serve(app);
    expect(await expectConsumed(port)).toHaveLength(1);
    // Of what the parser does not care for the bytes are there.
    const plain = signed(SECRET, bodyOf('plain'), { 'Content-Type': 'text/plain' });
    expect((await ask(port, plain)).status).toBe(200);
  });

  test('is no attempt to forge: nothing of it is kept, and it counts as our failure', async () => {
    const app = express();
    app.use(express.json(), mount(later));
    const port = await host.serve(app);
    const counted = async () =>
      (await host.consignee.metrics()).split('\n').filter((line) => line.includes('outcome="refused"'));
    const before = await counted();
    const forged = signed(OTHER, bodyOf('forged'), { 'Content-Type': 'application/json' });
    expect((await ask(port, forged)).status).toBe(503);
    expect(await counted()).toEqual(before);
    expect(await host.consignee.metrics()).toMatch(/outcome="failed",code="body_consumed"\} [1-9]/);
  });

  test('is answered with 503 behind Fastify’s parser', async () => {
    const fastify = Fastify();
    fastify.all('/webhooks/*', (request, reply) => {
      reply.hijack();
      host.consignee.handle(request.raw, reply.raw);
    });
    const address = await fastify.listen({ host: '127.0.0.1', port: 0 });
    expect(await expectConsumed(Number(new URL(address).port))).toEqual([]);
    await fastify.close();
  });

  test('is answered with 503 if somebody has begun to read it', async () => {
    const port = await host.serve((request, response) => {
      request.on('data', () => {});
      host.consignee.handle(request, response);
    });
    await expectConsumed(port);
  });

  test('is answered with 503 if it comes as text, whenever somebody has asked for that', async () => {
    const before = await host.serve((request, response) => {
      request.setEncoding('utf8');
      host.consignee.handle(request, response);
    });
    await expectConsumed(before);
    const after = await host.serve((request, response) => {
      host.consignee.handle(request, response);
      request.setEncoding('utf8');
    });
    await expectConsumed(after);
  });

  test('is taken from rawBody, if that is a Buffer, and the limit holds', async () => {
    const app = express();
    const keep = (request: object, _response: object, bytes: Buffer) =>
      Object.assign(request, { rawBody: bytes });
    app.use(express.json({ verify: keep }), mount(later));
    const port = await host.serve(app);
    await expectKept(port, FLEXPORT, 'raw-body');
    const json = { 'Content-Type': 'application/json' };
    expect((await ask(port, signed(OTHER, bodyOf('forged'), json))).status).toBe(401);
    expect((await ask(port, bytesOf('POST', FLEXPORT, json, bodyOf('unsigned')))).status).toBe(401);
    const large = JSON.stringify({ id: 'large', text: 'x'.repeat(3_000) });
    expect((await ask(port, signed(SECRET, large, json))).status).toBe(413);
  });

  test('is not taken from rawBody, if that is a text', async () => {
    const app = express();
    const keep = (request: object, _response: object, bytes: Buffer) =>
      Object.assign(request, { rawBody: bytes.toString() });
    app.use(express.json({ verify: keep }), mount(later));
    await expectConsumed(await host.serve(app));
  });
});

test('what the application has put among the headers is kept as a text', async () => {
  const port = await host.serve((request, response) => {
    Object.assign(request.headers, { 'x-request-id': 7, 'x-correlation-id': null });
    host.consignee.handle(request, response);
  });
  await expectKept(port, FLEXPORT, 'numbered');
});

test('node:http takes the function itself', async () => {
  await expectKept(await host.serve(host.consignee.handle), FLEXPORT, 'unbound');
});

test('Fastify hands a request over before it parses it', async () => {
  const fastify = Fastify();
  fastify.route({
    method: fastify.supportedMethods,
    url: '/webhooks/*',
    onRequest(request, reply) {
      reply.hijack();
      host.consignee.handle(request.raw, reply.raw);
    },
    handler() {},
  });
  const address = await fastify.listen({ host: '127.0.0.1', port: 0 });
  await expectKept(Number(new URL(address).port), FLEXPORT, 'fastify');
  await fastify.close();
});

test('node:http is answered in full, health too, and a request that was paused is read on', async () => {
  const port = await host.serve(async (request, response) => {
    request.pause();
    await new Promise((resolve) => setImmediate(resolve));
    host.consignee.handle(request, response);
  });
  await expectKept(port, FLEXPORT, 'plain-http');
  expect((await ask(port, bytesOf('GET', '/readyz'))).status).toBe(200);
  expect((await ask(port, bytesOf('GET', '/nothing'))).status).toBe(404);
});

test('what wraps writeHead for the application, and knows no list of headers, sees each of ours', async () => {
  const seen: unknown[] = [];
  const port = await host.serve((request, response) => {
    const { writeHead } = response;
    response.writeHead = (status: number, ...more: unknown[]) => {
      seen.push(more.length, response.getHeader('content-type'));
      return writeHead.call(response, status);
    };
    host.consignee.handle(request, response);
  });
  await expectKept(port, FLEXPORT, 'wrapped');
  expect(seen).toEqual([0, 'application/json']);
});

test('a sender that has left before its request is handed over does not hold up the stop', async () => {
  const own = makeHost();
  await own.consignee.start();
  const { promise: isHandedOver, resolve } = Promise.withResolvers<void>();
  const port = await own.serve((request, response) => {
    response.once('close', () => {
      setImmediate(() => {
        own.consignee.handle(request, response);
        resolve();
      });
    });
    request.once('readable', () => wire.close());
  });
  const wire = await openWire(port);
  wire.write(signed(SECRET, bodyOf('left')).slice(0, -2));
  await isHandedOver;
  await own.consignee.stop({ delayMs: 0, graceMs: 600_000 });
  expect(own.bodies()).toEqual([]);
  await own.remove();
});

test('a log of the application that throws costs neither an event nor an answer', async () => {
  let isClosed = false;
  const say = () => {
    if (isClosed) throw new Error('this log is closed');
  };
  const own = makeHost({ log: { debug: say, info: say, warn: say, error: say } });
  await own.consignee.start();
  const port = await own.serve(own.consignee.handle);
  isClosed = true;
  expect((await ask(port, signed(SECRET, bodyOf('unlogged')))).status).toBe(200);
  expect((await ask(port, signed(OTHER, bodyOf('forged')))).status).toBe(401);
  await waitFor(
    () => own.handled.length === 1,
    20_000,
    () => 'no handler ran',
  );
  await own.remove();
});

test('what the application has answered already is left alone before the start', async () => {
  const own = makeHost();
  const port = await own.serve((request, response) => {
    response.writeHead(504, { 'Content-Length': 8 }).end('too late');
    own.consignee.handle(request, response);
  });
  expect(await ask(port, signed(SECRET, bodyOf('late')))).toMatchObject({ status: 504, body: 'too late' });
  await own.remove();
});

test('HTTP/2 gets a 503, and a line that says why', async () => {
  const server = createServer((request, response) => {
    host.consignee.handle(request as never, response as never);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ':method': 'POST', ':path': FLEXPORT });
  stream.end(bodyOf('http2'));
  const [headers] = await once(stream, 'response');
  expect([headers[':status'], headers['retry-after']]).toEqual([503, '5']);
  expect(host.lines).toContainEqual(expect.objectContaining({ level: 'error', version: '2.0' }));
  session.destroy();
  server.close();
});
