/** Writes the answer to a webhook, and knows the headers of every answer. respond.ts decides what the answer is. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Request, Response } from 'express';
import helmet from 'helmet';

const DRAIN_BYTES = 65_536;
const LINGER_MS = 500;

interface WebhookAnswer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Names and values by turns, beside the usual ones. */
  readonly headers: readonly string[];
  /** `latin1` for plain ASCII, which goes out without being encoded. */
  readonly encoding?: BufferEncoding;
}

export function sendAnswer(response: Response, answer: WebhookAnswer): void {
  writeHead(response, answer);
  response.end(answer.body, answer.encoding ?? 'utf8');
}

/** Answers in full, then gives the sender a moment to read it before the connection goes. */
export function sendAndLinger(request: Request, response: Response, answer: WebhookAnswer): void {
  writeHead(response, { ...answer, headers: [...answer.headers, 'Connection', 'close'] });
  response.write(answer.body);
  let drained = 0;
  const over = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(over, LINGER_MS);
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAIN_BYTES) request.pause();
  });
  request.once('end', over);
  request.once('close', over);
}

/** Answers whether more of the body is still to come than is worth reading. */
export function leavesTooMuch(request: Request): boolean {
  if (request.complete) return false;
  const declared = request.headers['content-length'];
  if (declared === undefined) return request.headers['transfer-encoding'] !== undefined;
  return Number(declared) > DRAIN_BYTES || request.headers.expect !== undefined;
}

function writeHead(response: Response, { status, body, headers }: WebhookAnswer): void {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, [
    ...SECURITY_HEADERS,
    'Content-Type',
    type,
    'Content-Length',
    length,
    ...headers,
  ]);
}

function securityHeaders(): string[] {
  const request = new IncomingMessage(new Socket());
  const recorder = new HeaderRecorder(request);
  helmet()(request, recorder, () => {});
  return recorder.written;
}

/** Keeps the names as they are written; Node gives them back in lower case. */
class HeaderRecorder extends ServerResponse {
  readonly written: string[] = [];

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.written.push(name, String(value));
    return this;
  }
}

/**
 * helmet's headers, asked for once: they are the same on every answer, and setting a dozen one by one on each costs half as
 * much as checking its HMAC. Names and values by turns, as `writeHead` takes them.
 */
export const SECURITY_HEADERS = securityHeaders();
