/**
 * What is read of a request: its raw bytes and the headers that are kept with an event; and the notes that the steps of one
 * request hand to each other, in `response.locals`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { isSensitive } from '../../base/log/redact.ts';
import { type BodyCheck, type Head, type Proof, Rejection } from '../../verify/verifier.ts';
import { reasonOfAbort } from './framing.ts';

export interface Reception {
  readonly head: Head;
  readonly startedAt: number;
  /** Over TLS, as the socket or a trusted proxy tells. */
  readonly secure: boolean;
  readonly bodyChecks: BodyCheck[];
  readonly proofs: Proof[];
  body: Buffer;
  bodyRead: boolean;
}

export type RequestStep = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
}

/** Bytes of request bodies in memory, all sources together. */
export interface Budget {
  readonly max: number;
  inFlight: number;
}

/**
 * Reads the raw bytes: every content type, nothing inflated, the source's limit, a budget for all requests. Why not express.raw:
 * for a body that grows over the limit it answers only after having read all of it, it leaves `body` undefined when there is
 * none, and it does not see chunks, so nothing could count the bytes in flight.
 *
 * Resolves with the whole body. Rejects with Rejection: over the limit, over the budget, or the sender went away. The
 * bytes stay on the budget until `release`, which must be called once the request is answered.
 */
export function readBody(request: Request, limitBytes: number, budget: Budget) {
  const chunks: Buffer[] = [];
  let length = 0;
  const body = new Promise<Buffer>((resolve, reject) => {
    const stop = (error: Rejection) => {
      request.removeListener('data', take);
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      budget.inFlight += chunk.length;
      chunks.push(chunk);
      if (length > limitBytes) stop(tooLarge(limitBytes));
      else if (budget.inFlight > budget.max) stop(new Rejection('overloaded'));
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const abort = () => {
      if (!request.readableEnded) reject(new Rejection(reasonOfAbort(request)));
    };
    request.once('error', abort);
    request.once('close', abort);
    // The sender may have left while its token was being verified.
    if (request.destroyed) abort();
  });
  const release = () => {
    budget.inFlight -= length;
    length = 0;
  };
  return { body, release };
}

export function tooLarge(limitBytes: number): Rejection {
  return new Rejection('body_too_large', `the body is over the source’s limit of ${limitBytes} bytes`);
}

/** Proxies repeat the request's URL, token and all, under these and similar names. */
const CARRIES_URL = /^(referer|origin|location|link)$|ur[il]|-path$|query|rewrite/;
const NAMES_KNOWN_MAX = 1_000;
const kept = new Map<string, boolean>();

function isKept(name: string): boolean {
  let known = kept.get(name);
  if (known === undefined) {
    known = !isSensitive(name) && !CARRIES_URL.test(name);
    if (kept.size < NAMES_KNOWN_MAX) kept.set(name, known);
  }
  return known;
}

/**
 * All headers but those that authenticate or that may carry a URL with its query: a JSON object of lower-case names and values.
 */
export function keptHeaders(headers: IncomingHttpHeaders): string {
  const copy: Record<string, string> = Object.create(null);
  for (const name in headers) {
    const value = headers[name];
    if (isKept(name)) copy[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  return JSON.stringify(copy);
}
