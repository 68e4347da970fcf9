/**
 * Writes the heads of answers, and ends those connections that must end. Part of respond.ts.
 *
 * A refusal that leaves more of a body unread than is worth reading closes the connection, but not before the sender has
 * had the chance to read the answer: a socket closed over unread bytes is reset, and the answer lost.
 */
import type { Request, Response } from 'express';
import { waitsForContinue } from './request.ts';
import { SECURITY_HEADERS, sendHead } from './security-headers.ts';

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
