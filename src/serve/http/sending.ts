/**
 * Writes the heads of answers, with helmet's headers as they stand on every answer of the public port, and ends those connections that
 * must end. For respond.ts, app.ts and mounted.ts.
 *
 * A refusal that leaves more of a body unread than is worth reading closes the connection, but not before the sender has
 * had the chance to read the answer: a socket closed over unread bytes is reset, and the answer lost.
 */
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Request, Response } from 'express';
import helmet from 'helmet';
import { http } from '../../base/node-http.ts';
import { waitsForContinue } from './request.ts';

const DRAIN_BYTES = 65_536;
const LINGER_MS = 500;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Answers in full. The connection goes once the body has come that is read behind the answer, or, if nobody reads it, after a
 * moment in which the sender can read the answer.
 */
export function sendAndLinger(
  request: Request,
  response: Response,
  readOn: boolean,
  answer: Answer,
  headers: readonly string[],
): void {
  writeHead(response, answer, [...headers, 'Connection', 'close']);
  response.write(answer.body);
  const timer = readOn ? undefined : setTimeout(over, LINGER_MS);
  let drained = 0;
  const drain = (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAIN_BYTES) request.pause();
  };
  if (!readOn) request.on('data', drain);
  request.once('end', over);
  request.once('close', over);

  function over(): void {
    clearTimeout(timer);
    response.end();
  }
}

/** Answers whether more of the body is still to come than is worth reading. */
export function leavesTooMuch(request: Request): boolean {
  if (request.complete) return false;
  const declared = request.headers['content-length'];
  if (declared === undefined) return request.headers['transfer-encoding'] !== undefined;
  return Number(declared) > DRAIN_BYTES || waitsForContinue(request);
}

/** `headers`: names and values by turns, beside the usual ones. */
export function writeHead(
  response: Response,
  { status, type, body }: Answer,
  headers: readonly string[],
): void {
  const described = ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))];
  sendHead(response, status, [...SECURITY_HEADERS, ...(status === 204 ? [] : described), ...headers]);
}

function securityHeaders(): string[] {
  const request = new http.IncomingMessage(new Socket());
  const recorder = new HeaderRecorder(request);
  helmet()(request, recorder, () => {});
  return recorder.written;
}

/** Keeps the names as they are written; Node gives them back in lower case. */
class HeaderRecorder extends http.ServerResponse {
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

const ownWriteHead = http.ServerResponse.prototype.writeHead;

/** `headers`: names and values by turns. */
export function sendHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  if (response.writeHead === ownWriteHead) return void response.writeHead(status, headers as string[]);
  // Something of the application around us has put its own in the place: most know one header at a time only.
  for (let at = 0; at + 1 < headers.length; at += 2)
    response.setHeader(headers[at] as string, headers[at + 1] as string);
  response.writeHead(status);
}
