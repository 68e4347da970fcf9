/**
 * What is read of headers that prove nothing: which are kept with an event, whether the body is compressed, and whether it is
 * waited with. A query string is kept of none. And the notes that the steps of one request hand to each other, in `response.locals`;
 * below, how its checks are run.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { REDACTED } from '../../base/log/redact.ts';
import type { BodyCheck, Head, Proof, Rejection } from '../../verify/verifier.ts';
import type { Share } from './memory.ts';

export interface Reception {
  readonly head: Head;
  readonly startedAt: number;
  /** Over TLS, as the socket or a trusted proxy tells. */
  readonly secure: boolean;
  /** What limits for each address count; undefined if that is not known, or only a proxy is. */
  readonly network: string | undefined;
  readonly bodyChecks: BodyCheck[];
  readonly proofs: Proof[];
  /** As it came to us: below the path that an application has mounted us at. */
  readonly target: string;
  /** Of the memory for bodies. The first step of receive.ts takes it. */
  share?: Share;
  /** Why it is refused unless it is a handshake: it is no POST, or lacks its signature. Left out: it is an event. */
  refused?: Rejection;
  body: Buffer;
  bodyRead: boolean;
}

export type RequestStep = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
}

/** Also of what is refused before it was met. */
export function targetOf({ url }: Request, response: Response): string {
  return response.locals.reception?.target ?? url;
}

/**
 * Kept with every event: how the body is to be read, who sent it, and on which way it came. A list of what may be kept, since
 * nobody knows all the names under which proxies repeat a URL with its token, or a credential.
 */
const KEPT_ALWAYS = [
  ...['content-type', 'content-length', 'transfer-encoding', 'user-agent', 'accept', 'date', 'host'],
  ...[
    'via',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-proto',
    'x-real-ip',
  ],
  ...['x-request-id', 'x-correlation-id', 'traceparent', 'x-amzn-trace-id', 'cf-ray'],
];

/** Makes of a request's headers a JSON object of lower-case names and values. `more`: what the source keeps beside the usual. */
export function headerKeeper(more: readonly string[]): (headers: IncomingHttpHeaders) => string {
  const names = new Set([...KEPT_ALWAYS, ...more.map((name) => name.toLowerCase())]);
  return function keptHeaders(headers) {
    const copy: Record<string, string> = {};
    for (const name in headers) {
      if (!names.has(name)) continue;
      const value = headers[name];
      // The application around us may have put a number there, of the request for one.
      copy[name] = withoutQuery(Array.isArray(value) ? value.join(', ') : String(value ?? ''));
    }
    return JSON.stringify(copy);
  };
}

/** A header that a source names may hold the request's URL all the same. */
function withoutQuery(value: string): string {
  return value.includes('?') ? value.replace(/\?[^\s,;"]*/g, `?${REDACTED}`) : value;
}

/** The header is a list. `identity` and nothing say nothing, and some senders write the charset there. */
export function isCompressed(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding'];
  if (encoding === undefined) return false;
  const names = encoding.split(',').map((name) => name.trim().toLowerCase());
  return names.some((name) => name !== '' && name !== 'identity' && !isCharset(name));
}

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name) !== undefined;
  } catch {
    return false;
  }
}

const waiting = new WeakSet<IncomingMessage>();

/** Of what comes to a server of ours, which leaves it to us. Nothing else is expected there that we know of (RFC 9110, 10.1.1). */
export function noteExpectation(request: IncomingMessage): void {
  if (request.headers.expect?.trim().toLowerCase() === '100-continue') waiting.add(request);
}

/** Nobody has sent it `100 Continue`, as the server of an application around us does by itself. */
export function waitsForContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** Runs checks one after the other, so that the first that fails answers. Most know at once; one that asks somebody makes the next wait. */
export function inTurn<Given, Known>(
  checks: readonly ((given: Given) => Known | Promise<Known>)[],
  given: Given,
  take: (known: Known) => void,
  next: (error?: unknown) => void,
  from = 0,
): void {
  for (let at = from; at < checks.length; at++) {
    const result = (checks[at] as (given: Given) => Known | Promise<Known>)(given);
    if (result instanceof Promise) {
      result
        .then((known) => {
          take(known);
          inTurn(checks, given, take, next, at + 1);
        })
        .catch(next);
      return;
    }
    take(result);
  }
  next();
}
