/** Connections: TLS that is not to be trusted, and kept connections that the server closed. */
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { type ForwardOptions, forward } from '../../../src/deliver/handlers/forward.ts';
import { eventFrom, sampleEvent, tryHandler } from '../../../src/deliver/testing.ts';
import { shippo } from '../../../src/verify/presets/shippo/preset.ts';
import { makeCertificate } from '../../harness/certificates.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const to = (url: string, options: Partial<ForwardOptions> = {}) =>
  forward({ url, unsigned: true, allow: ['127.0.0.1'], timeoutMs: 2_000, ...options });
const event = () => sampleEvent(shippo);

/** A server that has a word to say on each request: how many came before, on this connection and in all. */
function speaking(speak: (socket: Socket, onThis: number, inAll: number) => void): Promise<number> {
  let inAll = 0;
  return listen(
    createServer((socket) => {
      let onThis = 0;
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        if (bytes.includes('POST / HTTP/1.1')) speak(socket, onThis++, inAll++);
      });
    }),
  );
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('a kept connection that turns out to be closed is replaced at once, and the attempt goes on', async () => {
  let requests = 0;
  const port = await speaking((socket, onThis) => {
    requests++;
    if (onThis === 0) socket.write(OK);
    else socket.resetAndDestroy();
  });
  const handler = to(`http://127.0.0.1:${port}/`);
  for (const _ of [1, 2, 3]) expect(await tryHandler(handler, event())).toMatchObject({ outcome: 'done' });
  // The fresh connection is not kept, so the third one finds none.
  expect(requests).toBe(4);
});

test('it is replaced once only', async () => {
  let requests = 0;
  const port = await speaking((socket, _onThis, inAll) => {
    requests++;
    if (inAll === 0) socket.write(OK);
    else socket.resetAndDestroy();
  });
  const handler = to(`http://127.0.0.1:${port}/`);
  expect(await tryHandler(handler, event())).toMatchObject({ outcome: 'done' });
  expect(await tryHandler(handler, event())).toMatchObject({
    outcome: 'retry',
    error: expect.stringMatching(/ECONNRESET|socket hang up/),
  });
  expect(requests).toBe(3);
});

test('a target that answers before it has read everything has answered', async () => {
  const port = await speaking((socket) => {
    socket.pause();
    socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
  });
  const large = eventFrom(shippo, JSON.stringify({ event: 'x', data: 'x'.repeat(20_000_000) }));
  expect(await tryHandler(to(`http://127.0.0.1:${port}/`), large)).toMatchObject({
    outcome: 'retry',
    status: '413',
    error: `Declined: 127.0.0.1:${port} answered 413`,
  });
});

interface Certified {
  readonly port: number;
  readonly requests: () => number;
  readonly certificate: string;
}

/** A server whose certificate nobody has signed but itself, valid for so many days from now. */
async function startTls(days: number, name?: string): Promise<Certified> {
  const { key, certificate } = makeCertificate({ days, ...(name !== undefined && { name }) });
  let requests = 0;
  const server = createTlsServer({ key, cert: certificate }, (_request, response) => {
    requests++;
    response.end();
  });
  return { port: await listen(server), requests: () => requests, certificate };
}

/** As NODE_EXTRA_CA_CERTS does. */
function trust({ certificate }: Certified): void {
  setDefaultCACertificates([...getCACertificates('bundled'), certificate]);
}

test('over TLS to a target with a certificate that is trusted', async () => {
  const server = await startTls(2);
  trust(server);
  const handler = to(`https://127.0.0.1:${server.port}/`);
  for (const _ of [1, 2]) expect(await tryHandler(handler, event())).toMatchObject({ outcome: 'done' });
  expect(server.requests()).toBe(2);
});

test.each([
  ['that nobody vouches for', 2, 'IP:127.0.0.1', false, 'self-signed certificate'],
  ['that has expired', -1, 'IP:127.0.0.1', true, 'certificate has expired'],
  ['for another host', 2, 'DNS:orders.example', true, "IP: 127.0.0.1 is not in the cert's list"],
])('a certificate %s is not accepted', async (_what, days, name, isTrusted, cause) => {
  const server = await startTls(days, name);
  if (isTrusted) trust(server);
  // Not even if the environment says so.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const { port, requests } = server;
  const tried = await tryHandler(to(`https://127.0.0.1:${port}/?token=canary`), event());
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  expect(tried.outcome).toBe('retry');
  expect(tried.error).toMatch(new RegExp(`^Unavailable: no answer from 127.0.0.1:${port}: `));
  expect(tried.error).toContain(cause);
  expect(tried.error).not.toContain('canary');
  expect(requests()).toBe(0);
});

test('TLS is not spoken to what does not speak it', async () => {
  const port = await listen(
    createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  const { error } = await tryHandler(to(`https://127.0.0.1:${port}/`), event());
  expect(error).toBe(`Unavailable: no answer from 127.0.0.1:${port}: wrong version number`);
});
