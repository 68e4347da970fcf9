/**
 * Whether a request that changes something comes from a page of this console, and not from one of another site in the same browser.
 * Browsers say so themselves: in `Sec-Fetch-Site`, over TLS and on loopback, and in `Origin` everywhere. What is no browser sends
 * neither, and must send what no page may send across origins unasked: JSON. Asked by app.ts before every write.
 */
import type { Request } from 'express';

export function isSameOrigin(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('origin');
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === request.get('host');
  return request.is('json') !== false;
}
