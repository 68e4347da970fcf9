/**
 * What is read of headers that say nothing of the sender: which are kept with an event, whether the body is compressed, and whether
 * it is waited with. And the notes that the steps of one request hand to each other, in `response.locals`.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { isSensitive } from '../../base/log/redact.ts';
import type { BodyCheck, Head, Proof } from '../../verify/verifier.ts';
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
  /** Of the memory for bodies. The first step of receive.ts takes it. */
  share?: Share;
  body: Buffer;
  bodyRead: boolean;
}

export type RequestStep = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
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

/** The header is a list. `identity` and nothing say nothing, and some senders write the charset there. */
export function isCompressed(headers: IncomingHttpHeaders): boolean {
  const names = (headers['content-encoding'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.some((name) => name !== '' && name !== 'identity' && !isCharset(name));
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

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name) !== undefined;
  } catch {
    return false;
  }
}

/** HTTP/1.0 knows no `100 Continue`, and nothing else is expected there that we know of (RFC 9110, 10.1.1). */
export function waitsForContinue({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect?.trim().toLowerCase() === '100-continue';
}
