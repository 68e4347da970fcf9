/**
 * The listening socket: limits and times against slow or broken senders, and a close that loses no request.
 *
 * What the HTTP parser refuses never reaches the app: 400, 408 and 431 are answered here, logged and counted like any
 * other refusal, since a JWT over the header limit would otherwise fail in silence for ever.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { REFUSALS, type RefusalCode } from '../errors.ts';
import type { Log, Meter, ServiceKnobs } from '../types.ts';

const CONNECTIONS_CHECK_MS = 1_000;

export interface ServerOptions {
  readonly knobs: ServiceKnobs;
  readonly log: Log;
  readonly meter: Meter;
}

export type App = (request: IncomingMessage, response: ServerResponse) => void;

export function createHttpServer(app: App, options: ServerOptions): Server {
  const { knobs } = options;
  const answering = new WeakMap<Socket, ServerResponse>();
  const take: App = (request, response) => {
    answering.set(request.socket, response);
    if (isSound(request)) app(request, response);
    else refuseUnsound(request, response, options);
  };
  const server = createServer(
    {
      maxHeaderSize: knobs.headerBytesMax,
      headersTimeout: knobs.headersTimeoutMs,
      requestTimeout: knobs.requestTimeoutMs,
      keepAliveTimeout: knobs.keepAliveTimeoutMs,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      keepAlive: true,
      // Node would refuse these by itself, without a word in the log.
      requireHostHeader: false,
    },
    take,
  );
  // The app decides when `100 Continue` is sent: not before every check of the head has passed.
  server.on('checkContinue', take);
  server.on('checkExpectation', take);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuseUnparsed(error, socket, answering.get(socket), options);
  });
  return server;
}

/** What Node's parser lets pass, and proxies in front may read differently. */
function isSound(request: IncomingMessage): boolean {
  if (request.httpVersionMajor !== 1) return false;
  const raw = request.rawHeaders;
  let hosts = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1 || (hosts === 0 && request.httpVersion === '1.0');
}

function refuseUnsound(request: IncomingMessage, response: ServerResponse, options: ServerOptions): void {
  const { status } = reportUnparsed('request_malformed', request.socket, options);
  response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end();
}

/** `response` is the last one begun on this socket, if any: what becomes of its request must be told once. */
function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  response: ServerResponse | undefined,
  options: ServerOptions,
): void {
  // A sender that hangs up between two requests is nothing to report.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const { status } = REFUSALS[code];
  if (response && !response.req.complete) {
    if (error.code !== 'HPE_INVALID_EOF_STATE') cutOff.set(response.req, code);
  } else {
    reportUnparsed(code, socket, options);
    // The event before the garbage is answered in peace.
    if (response && !response.writableFinished) {
      response.shouldKeepAlive = false;
      response.once('close', () => socket.destroySoon());
      return;
    }
  }
  // An answer that is out, or on its way, must not get another one mixed into it.
  const mixes = response && !response.req.complete && (response.headersSent || !response.socket);
  if (mixes) socket.destroySoon();
  else socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), CONNECTIONS_CHECK_MS).unref();
}

function reportUnparsed(code: RefusalCode, socket: Socket, { log, meter }: ServerOptions) {
  const { status, says } = REFUSALS[code];
  log.warn({ source: 'none', outcome: 'refused', code, reason: says, status, ip: socket.remoteAddress });
  meter.request('none', 'refused', code, 0);
  return { status };
}

/** Requests that ended here while the app was reading them, and why; the app reports them. */
const cutOff = new WeakMap<IncomingMessage, RefusalCode>();

export function reasonOfAbort(request: IncomingMessage): RefusalCode {
  return cutOff.get(request) ?? 'body_aborted';
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function codeOf(error: NodeJS.ErrnoException): RefusalCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'request_malformed';
}

/** Resolves with the port in use. Rejects with the system's error, EADDRINUSE for one. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      // Out of file descriptors, say: the next connection may succeed.
      server.on('error', () => {});
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Stops accepting, lets what is in flight finish for at most `graceMs`, then cuts the rest off. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // Not http's own close, which would cut idle connections at the moment a load balancer writes on one.
    NetServer.prototype.close.call(server, () => {
      clearTimeout(cut);
      resolve();
    });
    setTimeout(() => server.closeIdleConnections(), IDLE_CLOSE_MS);
  });
}

const IDLE_CLOSE_MS = 200;
