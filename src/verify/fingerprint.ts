/**
 * Tells secrets apart, for the schemes and the commands, without telling the secrets.
 *
 * A fingerprint tells them apart in evidence, and by a mask people recognise their own: of a secret that is long enough it
 * shows the first 6 and the last 4 characters, as Flintn's dashboard does. Secrets of any length are compared in constant
 * time: both sides are hashed first, so the time taken tells neither a length nor where the first difference is.
 */
import { hash, timingSafeEqual } from 'node:crypto';

const DIGITS = 12;
const SHOWN_FROM = 24;

/** It depends on the secret alone, so it is the same in every setting and on every machine. */
export function fingerprintOf(secret: string): string {
  return hash('sha256', `consignee fingerprint\0${secret}`, 'hex').slice(0, DIGITS);
}

export function maskOf(secret: string): string {
  return secret.length < SHOWN_FROM ? '…' : `${secret.slice(0, 6)}…${secret.slice(-4)}`;
}

export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** The index of the digest among `digests`, or -1. Every one is compared, also after a match. */
export function indexOfDigest(digest: Buffer, digests: readonly Buffer[]): number {
  let found = -1;
  for (const [at, expected] of digests.entries()) if (timingSafeEqual(digest, expected)) found = at;
  return found;
}
