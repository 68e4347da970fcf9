/**
 * Two ways to speak of a secret without telling it: a fingerprint tells secrets apart, and by a mask people recognise their
 * own. Of a secret that is long enough the mask shows the first 6 and the last 4 characters, as Flintn's dashboard does.
 */
import { hash } from 'node:crypto';

const DIGITS = 12;
const SHOWN_FROM = 24;

/** It depends on the secret alone, so it is the same in every setting and on every machine. */
export function fingerprintOf(secret: string): string {
  return hash('sha256', `consignee fingerprint\0${secret}`, 'hex').slice(0, DIGITS);
}

export function maskOf(secret: string): string {
  return secret.length < SHOWN_FROM ? '…' : `${secret.slice(0, 6)}…${secret.slice(-4)}`;
}
