/**
 * The listening socket: limits and times against slow or broken senders, and a close that loses no request.
 * A request that is not sound HTTP goes to framing.ts, every other one to the app.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { http } from '../../base/node-http.ts';
import type { Knobs } from '../config/knobs.ts';
import type { Connections } from './connections.ts';
import { type FramingOptions, isSound, refuseUnparsed, refuseUnsound } from './framing.ts';
import { noteExpectation } from './request.ts';

const CONNECTIONS_CHECK_MS = 1_000;
/** Connections that are idle then are closed; a request that was on its way at the close is answered before. */
const IDLE_CLOSE_MS = 200;
/** However many keep coming, the port closes. */
const TURNS_MAX = 100;

interface ServerOptions extends FramingOptions {
  readonly knobs: Knobs;
  /** Without them there is no limit. */
  readonly connections?: Connections;
}

export type App = (request: IncomingMessage, response: ServerResponse) => void;

export function createHttpServer(app: App, options: ServerOptions): Server {
  const { knobs, connections } = options;
  const answering = new WeakMap<Socket, ServerResponse>();
  const take: App = (request, response) => {
    answering.set(request.socket, response);
    connections?.noteUse(request.socket, response);
    if (isSound(request)) app(request, response);
    else refuseUnsound(request, response, options);
  };
  const server = http.createServer(
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
  // A sender may close its half once it has written all; by default Node would close the other half on its answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  // The app decides when `100 Continue` is sent: not before every check of the head has passed.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    noteExpectation(request);
    take(request, response);
  });
  server.on('checkExpectation', take);
  // Node would hang up on it without an answer, and without a line in the log.
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const response = new http.ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    take(request, response);
  });
  server.on('connection', (socket: Socket) => connections?.admit(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuseUnparsed(error, socket, answering.get(socket), options);
  });
  return server;
}

/** Resolves with the port in use. Rejects with the system's error, EADDRINUSE for one. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  // Out of file descriptors, say: the next connection may succeed.
  server.on('error', () => {});
  return (server.address() as AddressInfo).port;
}

/** Stops accepting, lets what is in flight finish for at most `graceMs`, then cuts the rest off. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  await takeWaiting(server);
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

/** Connections that the system has accepted and we have not are reset when the port closes: take them before. */
async function takeWaiting(server: Server): Promise<void> {
  let calmTurns = 0;
  const note = () => {
    calmTurns = 0;
  };
  server.on('connection', note);
  // One turn may be the rest of the present one, in which nothing is accepted.
  for (let turn = 0; calmTurns < 2 && turn < TURNS_MAX; turn++) {
    calmTurns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.removeListener('connection', note);
}
