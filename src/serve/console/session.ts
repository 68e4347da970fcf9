/**
 * The session of a browser: a cookie with a time, a name, and a MAC of both whose key is the digest of the token that was given. Nothing
 * of it is kept: each replica can check it, and it ends when the token does. Made by login.ts, read by access.ts.
 */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { HOUR_MS } from '../../base/times.ts';
import { indexOfDigest } from '../../verify/fingerprint.ts';
import type { Access, ConsoleTokens } from './access.ts';

const SESSION_MS = 12 * HOUR_MS;
/** A browser keeps a cookie with this prefix to one host and to TLS. */
const NAMES = ['__Host-consignee', 'consignee'] as const;
/** Far beyond what is ever set. */
const LIVE_MOST = 8_192;

/** `Set-Cookie` of a new session. `digest` is that of the token; `who` may be empty. */
export function sessionCookie(digest: Buffer, who: string, isSecure: boolean, now: number): string {
  const told = `${now + SESSION_MS}.${Buffer.from(who).toString('base64url')}`;
  return cookieText(`${told}.${macOf(told, digest).toString('base64url')}`, SESSION_MS / 1_000, isSecure);
}

export function endedSessionCookie(isSecure: boolean): string {
  return cookieText('', 0, isSecure);
}

/** Undefined without a session that is in force. */
export function personOfSession(cookies = '', { act, read }: ConsoleTokens, now: number): Access | undefined {
  if (cookies.length > LIVE_MOST) return undefined;
  for (const value of cookieValues(cookies)) {
    const [, told = '', until, name = '', mac = ''] = /^((\d+)\.([\w-]*))\.([\w-]+)$/.exec(value) ?? [];
    if (until === undefined || Number(until) <= now) continue;
    const given = Buffer.from(mac, 'base64url');
    const isBy = (digests: readonly Buffer[]) =>
      given.length === MAC_BYTES &&
      indexOfDigest(
        given,
        digests.map((digest) => macOf(told, digest)),
      ) >= 0;
    const who = Buffer.from(name, 'base64url').toString();
    const named = who === '' ? {} : { who };
    if (isBy(act)) return { may: 'act', ...named };
    if (isBy(read)) return { may: 'read', ...named };
  }
  return undefined;
}

/** Whether the browser came over TLS, here or at a proxy. A header that lies about that harms nobody but who sent it. */
export function isOverTls({ headers, socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket || headers['x-forwarded-proto'] === 'https';
}

const MAC_BYTES = 32;

function macOf(told: string, digest: Buffer): Buffer {
  return createHmac('sha256', digest).update(`consignee console session\0${told}`).digest();
}

function cookieText(value: string, seconds: number, isSecure: boolean): string {
  const [name, more] = isSecure ? [NAMES[0], '; Secure'] : [NAMES[1], ''];
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${more}`;
}

function cookieValues(cookies: string): string[] {
  return cookies.split(/;\s*/).flatMap((cookie) => {
    const at = cookie.indexOf('=');
    return NAMES.some((name) => name === cookie.slice(0, at)) ? [cookie.slice(at + 1)] : [];
  });
}
