/**
 * POSTs to one URL over connections that are kept alive and opened when the first event comes. For handlers/forward.ts.
 *
 * Certificates are always checked, redirects never followed, proxies never asked, and base/reach.ts judges each new connection.
 * The status decides: a body that is slow, endless or cut off changes nothing after it. At most 64 kB of the body are read.
 * If no status comes in time, `post` throws Unavailable, with the cause and never more of the URL than its host.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { http, https } from '../../../base/node-http.ts';
import { OutOfReach, type Reach } from '../../../base/reach.ts';
import { Unavailable } from '../../handler.ts';
import type { Message } from './message.ts';

/** `text`: how its body begins, if that is text for people. */
export type TargetResponse = Awaited<ReturnType<typeof responseTo>>;

const READ_BYTES_MAX = 65_536;
const TEXT_BYTES_MAX = 4_096;
/** Most servers and firewalls keep idle connections longer than this. */
const IDLE_MS = 15_000;
/** Errors of a kept connection that the server has closed meanwhile. */
const CLOSED = ['ECONNRESET', 'EPIPE'];
/** Finds the cause between the numbers and paths of OpenSSL's messages. */
const OPENSSL = /:SSL routines:[^:]*:([^:]+)/;
const UNPRINTABLE = /[^\P{Cc}\t\r\n]/u;

export type Post = ReturnType<typeof postTo>;

export function postTo(url: URL, timeoutMs: number, reach: Reach) {
  const { Agent, request } = url.protocol === 'https:' ? https : http;
  let pool: Agent | undefined;

  return async function post({ headers, body }: Message, signal: AbortSignal): Promise<TargetResponse> {
    if (reach.objection) throw withCause(url, new OutOfReach(url, reach.objection));
    pool ??= new Agent({ keepAlive: true, timeout: IDLE_MS });
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new Unavailable(`no answer from ${url.host} within ${timeoutMs} ms`));
    }, timeoutMs);
    const ending = AbortSignal.any([signal, late.signal]);
    const options: RequestOptions = { method: 'POST', headers, signal: ending };
    const open = (agent: Agent | false) => {
      return request(url, { ...options, agent, lookup: reach.lookup, rejectUnauthorized: true });
    };
    try {
      return await exchange(open, pool, body);
    } catch (error) {
      throw ending.aborted ? ending.reason : withCause(url, error);
    } finally {
      clearTimeout(timer);
    }
  };
}

type OpenRequest = (agent: Agent | false) => ClientRequest;

/** If the server closed a connection while it was idle, that says nothing of the server: the request goes out once more. */
async function exchange(open: OpenRequest, pool: Agent, body: Buffer): Promise<TargetResponse> {
  const request = open(pool);
  try {
    return await responseTo(request, body);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!request.reusedSocket || !CLOSED.includes(code ?? '')) throw error;
    return await responseTo(open(false), body);
  }
}

async function responseTo(request: ClientRequest, body: Buffer) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).on('error', reject);
    // After `101 Switching Protocols` neither of the two comes.
    request.once('close', () => reject(new Error('it closed the connection')));
    request.end(body);
  });
  const { statusCode: status = 0, headers } = response;
  const start = await readStart(response);
  // Answered without having read the event to its end: nobody waits for the rest.
  if (!request.writableFinished) request.destroy();
  const { location, 'retry-after': retryAfter } = headers;
  return { status, retryAfter, location, text: readText(start) };
}

async function readStart(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      // Leaving the loop destroys the response and its socket.
      if (bytes >= READ_BYTES_MAX) break;
    }
  } catch {
    // Cut off, by the target or by the deadline; the status is there.
  }
  return Buffer.concat(chunks).subarray(0, TEXT_BYTES_MAX);
}

function readText(bytes: Buffer): string | undefined {
  try {
    // A character may be cut in two at the end: as a stream, that is no error.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return text === '' || UNPRINTABLE.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function withCause(url: URL, error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  if (error instanceof OutOfReach) return new Unavailable(error.message);
  const { reason, message, code } = error as NodeJS.ErrnoException & { reason?: string };
  const cause = OPENSSL.exec(message)?.[1] ?? (reason || message || code);
  return new Unavailable(`no answer from ${url.host}: ${cause}`);
}
