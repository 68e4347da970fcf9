/** Requests written byte by byte, for what no well-behaved client would send, and the answers read back the same way. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import type { Line } from './command.ts';
import type { RunningService } from './service.ts';
import { flexportHeaders } from './signing.ts';
import { waitFor } from './waiting.ts';

export const FLEXPORT = '/webhooks/flexport';

export type Headers = Readonly<Record<string, string>>;

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Headers;
  readonly body: string;
}

/** The bytes of a request. `Content-Length` is added unless the headers frame the body themselves. */
export function bytesOf(method: string, path: string, headers: Headers = {}, body = ''): string {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const framed = names.includes('content-length') || names.includes('transfer-encoding');
  const lines = Object.entries({
    Host: 'receiver.test',
    ...headers,
    ...(!framed && (body !== '' || method === 'POST') && { 'Content-Length': Buffer.byteLength(body) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** A genuine Flexport delivery, perhaps with further headers. */
export function signed(secret: string, body: string, headers: Headers = {}, path = FLEXPORT): string {
  return bytesOf('POST', path, { ...flexportHeaders(secret, body), ...headers }, body);
}

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A small body with an id of its own. */
export function bodyOf(id: string | number, type = '/shipment#created'): string {
  return JSON.stringify({ id, type });
}

/** Everything in the text that reads as an answer, `100 Continue` included. */
export function answersIn(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; rest.startsWith('HTTP/1.1 '); ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
    const body = Buffer.from(rest.slice(end + 4, bodyEnd), 'latin1').toString();
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body });
    rest = rest.slice(bodyEnd);
  }
  return answers;
}

export interface Wire {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  text(): string;
  answers(): Answer[];
  /** Waits for the nth answer. */
  answer(nth?: number, waitMs?: number): Promise<Answer>;
  /** Waits until the other side has hung up. */
  closed(waitMs?: number): Promise<void>;
  close(): void;
}

export async function openWire(port: number): Promise<Wire> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  let gone = false;
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  // A reset is one way of hanging up.
  socket.on('error', () => {});
  // The other side's end is ours as well, unless a test has ended its own half before.
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    gone = true;
  });
  await once(socket, 'connect');
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    text: () => text,
    answers: () => answersIn(text),
    answer: (nth = 1, waitMs = 20_000) =>
      waitFor(
        () => answersIn(text)[nth - 1],
        waitMs,
        () => text,
      ),
    closed: (waitMs = 30_000) =>
      waitFor(
        () => gone,
        waitMs,
        () => `still open after:\n${text}`,
      ).then(() => {}),
    close: () => socket.destroy(),
  };
}

/** Sends bytes, waits for one answer, hangs up. */
export async function ask(port: number, bytes: string | Buffer): Promise<Answer> {
  const wire = await openWire(port);
  wire.write(bytes);
  try {
    return await wire.answer();
  } finally {
    wire.close();
  }
}

/** The log's line for a refusal, by the id in its answer. */
export function lineOf(service: RunningService, answer: Answer): Promise<Line> {
  const { id } = JSON.parse(answer.body) as { id: string };
  return service.line((line) => line.id === id);
}

/** The refusals since then. Lines of deliveries that were accepted before may still come in: lines gather for a moment. */
export function refusalLines(service: RunningService, since: number): Line[] {
  return service
    .lines()
    .slice(since)
    .filter((line) => line.outcome === 'refused' || line.outcome === 'failed');
}

/** Waits for a record that is not among the first `since`. */
export function lineAfter(
  service: RunningService,
  since: number,
  matches: (line: Line) => boolean,
): Promise<Line> {
  return waitFor(() => service.lines().slice(since).find(matches), 20_000, service.output);
}

/** Asserts the answer of a refusal, the code its log line carries, and that the inbox holds so many events. */
export async function expectRefusal(
  service: RunningService,
  answer: Answer,
  [status, code]: readonly [number, string],
  held: number,
): Promise<Line> {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const line = await lineOf(service, answer);
  expect(line).toMatchObject({ code, status, outcome: status >= 500 ? 'failed' : 'refused' });
  expect(service.events()).toHaveLength(held);
  return line;
}

/** One sample of the metrics page, 0 if there is none. */
export async function metric(service: RunningService, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
  const sample = text.split('\n').find((line) => line.startsWith(`${series} `));
  return Number(sample?.slice(series.length + 1) ?? 0);
}

/** Asserts that the service lives and keeps a genuine event. */
export async function expectHealthy(service: RunningService, secret: string, id: string): Promise<void> {
  const before = service.events().length;
  const answer = await ask(service.port, signed(secret, bodyOf(id)));
  expect(answer.status).toBe(200);
  expect(service.events()).toHaveLength(before + 1);
}

/** Writes bytes on a socket and collects what comes back until the other side closes, or `waitMs` of silence. */
export function raw(port: number, bytes: string | Buffer, waitMs = 300): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    const silence = () => socket.destroy();
    let timer = setTimeout(silence, 5_000);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
      clearTimeout(timer);
      timer = setTimeout(silence, waitMs);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error));
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
