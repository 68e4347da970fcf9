/**
 * How a secret is spoken of without being told: a fingerprint to tell secrets apart, and a mask to recognise one's own.
 * The mask shows the first 6 and the last 4 characters, as Flintn's dashboard does, of a secret long enough for that.
 */
import { hash } from 'node:crypto';

const DIGITS = 12;
const SHOWN_FROM = 24;

/** Of the secret alone: the same in every setting and on every machine. */
export function fingerprintOf(secret: string): string {
  return hash('sha256', `consignee fingerprint\0${secret}`, 'hex').slice(0, DIGITS);
}

export function maskOf(secret: string): string {
  return secret.length < SHOWN_FROM ? '…' : `${secret.slice(0, 6)}…${secret.slice(-4)}`;
}
