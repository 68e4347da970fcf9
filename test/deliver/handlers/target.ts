/**
 * The other side of a forward, on 127.0.0.1. It keeps every request to the byte and answers as the event's body tells it:
 *
 *   {"answers":[{"status":503},{"status":200,"afterMs":100}]}
 *
 * one answer for each request about that event, the last one for all that follow. Without them it answers 200.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Call {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Lower-case names, in the order they came. */
  readonly names: readonly string[];
  readonly body: Buffer;
  readonly at: number;
}

export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly afterMs?: number;
  /** Instead of an answer. */
  readonly does?: keyof typeof DEEDS;
}

export interface Target {
  readonly port: number;
  readonly calls: readonly Call[];
  /** Most requests that it had at the same time under that path. */
  most(path: string): number;
  connections(): number;
  callsOf(id: string): Call[];
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

type Deed = (response: ServerResponse, socket: Socket) => void;

const MEGABYTE = Buffer.alloc(1_048_576, 'x');

const DEEDS = {
  hang: () => {},
  reset: (_response, socket) => socket.resetAndDestroy(),
  'say garbage': (_response, socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'switch protocols': (_response, socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
  'hint for ever': (_response, socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'), 20);
    socket.on('close', () => clearInterval(timer));
  },
  'answer, then hang': (response) => response.writeHead(200, { 'Content-Length': 10 }).write('begun'),
  'answer, then break off': (response, socket) => {
    response.writeHead(200, { 'Content-Length': 10 }).write('begun', () => socket.resetAndDestroy());
  },
  'stream for ever': (response) => {
    const more = () => {
      while (!response.destroyed && response.write(MEGABYTE));
    };
    response.writeHead(200).on('drain', more);
    more();
  },
  'answer bytes': (response) => response.end(Buffer.from([0xff, 0xfe, 0x00, 0x41])),
} satisfies Record<string, Deed>;

export async function startTarget(): Promise<Target> {
  const calls: Call[] = [];
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  let connections = 0;
  const server = createServer(async (request, response) => {
    const { url: path = '' } = request;
    const count = (by: 1 | -1) => running.set(path, (running.get(path) ?? 0) + by);
    count(1);
    most.set(path, Math.max(most.get(path) ?? 0, running.get(path) ?? 0));
    response.on('close', () => count(-1));
    const chunks: Buffer[] = await Array.fromAsync(request).catch(() => []);
    const call = callOf(request, Buffer.concat(chunks));
    const before = calls.filter(({ headers }) => idOf(headers) === idOf(call.headers)).length;
    calls.push(call);
    answer(response, request.socket, toldIn(call.body, before));
  });
  server.on('connection', () => connections++);
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    port,
    calls,
    most: (path) => most.get(path) ?? 0,
    connections: () => connections,
    callsOf: (id) => calls.filter(({ headers }) => idOf(headers) === id),
    async down() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async up() {
      await listen(port);
    },
  };
}

function callOf({ url = '', headers, rawHeaders }: IncomingMessage, body: Buffer): Call {
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  return { path: url, headers, names, body, at: Date.now() };
}

const idOf = (headers: IncomingHttpHeaders) => headers['idempotency-key'];

function toldIn(body: Buffer, before: number): Told {
  try {
    const { answers = [] } = JSON.parse(body.toString()) as { answers?: Told[] };
    return answers[Math.min(before, answers.length - 1)] ?? {};
  } catch {
    return {};
  }
}

function answer(response: ServerResponse, socket: Socket, told: Told): void {
  const { status = 200, headers = {}, text = '', afterMs = 0, does } = told;
  setTimeout(() => {
    if (does) DEEDS[does](response, socket);
    else response.writeHead(status, headers).end(text);
  }, afterMs);
}
