/**
 * Which request headers are kept with an event: all but those that authenticate or that may carry a URL with its query.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isSensitive } from '../../base/log/redact.ts';

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

/** A JSON object of lower-case names and values. */
export function keptHeaders(headers: IncomingHttpHeaders): string {
  const copy: Record<string, string> = Object.create(null);
  for (const name in headers) {
    const value = headers[name];
    if (isKept(name)) copy[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  return JSON.stringify(copy);
}
