/**
 * Who may use the console, and for what. By default whoever has one of its tokens: a machine sends it with each request
 * (`Authorization: Bearer`), a browser once (login.ts). While there are no tokens the port is on loopback, and everybody on this
 * machine may act; a page of another site in a browser of this machine may not, which the Host tells. An application that has the
 * console within itself decides on its own.
 */
import type { Request } from 'express';
import { isLoopback } from '../../base/address.ts';
import { digestOf, indexOfDigest } from '../../verify/fingerprint.ts';
import { personOfSession } from './session.ts';

const ACCESS_LEVELS = ['act', 'read', 'none'] as const;
export type AccessLevel = (typeof ACCESS_LEVELS)[number];

/** `who`: the name of the person, for the record of what was done. */
export type Access = AccessLevel | { readonly may: AccessLevel; readonly who?: string };

export type AccessDecision = (request: Request) => Access | Promise<Access>;

/** SHA-256 of the live tokens of each kind, newest first. */
export interface ConsoleTokens {
  readonly act: readonly Buffer[];
  readonly read: readonly Buffer[];
}

export function hasTokens({ act, read }: ConsoleTokens): boolean {
  return act.length + read.length > 0;
}

/** What a token is good for. */
export function levelOfToken(given: string, { act, read }: ConsoleTokens): AccessLevel {
  const digest = digestOf(given);
  const acts = indexOfDigest(digest, act) >= 0;
  const reads = indexOfDigest(digest, read) >= 0;
  return acts ? 'act' : reads ? 'read' : 'none';
}

/** The decision as it is without an application around it. */
export function accessByTokens(tokens: () => ConsoleTokens): AccessDecision {
  return function decideByTokens({ headers }) {
    const live = tokens();
    if (!hasTokens(live)) return isForThisMachine(headers.host) ? 'act' : 'none';
    const { authorization } = headers;
    if (authorization !== undefined)
      return levelOfToken(/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '', live);
    return personOfSession(headers.cookie, live, Date.now()) ?? 'none';
  };
}

function isForThisMachine(host = ''): boolean {
  return isLoopback(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}

/**
 * Whether a request that changes something comes from a page of this console, and not from one of another site in the same browser.
 * Browsers say so themselves: in `Sec-Fetch-Site`, over TLS and on loopback, and in `Origin` everywhere. What is no browser sends
 * neither, and must send what no page may send across origins unasked: JSON. Asked by app.ts before every write.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('origin');
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === request.get('host');
  return request.is('json') !== false;
}
