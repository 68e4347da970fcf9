/**
 * Tells secrets apart, for the schemes and the commands, without telling the secrets.
 *
 * A fingerprint tells them apart in evidence and metrics. It is keyed: each inbox has a key of its own, so that nobody who sees
 * fingerprints can try out guesses, or learn that two installations have the same secret. By a mask people recognise their
 * own: of a secret that is long enough it shows the first 6 and the last 4 characters, as Flintn's dashboard does. Public keys
 * in PEM and JSON all begin and end alike, so it says what they are. Secrets of any length are compared in constant time: both
 * sides are hashed first, so the time taken tells neither a length nor where the first difference is.
 */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type BodyCheck, type Proof, type Verifier, whenKnown } from './verifier.ts';

const DIGITS = 12;
const KEY_BYTES = 32;
/** What is left unknown must be as long as a strong secret. */
const SHOWN_FROM = 40;

/** Depends on the secret alone. Proofs carry it until the key is put to it; it is neither shown nor stored. */
export function fingerprintOf(secret: string): string {
  return hash('sha256', `consignee fingerprint\0${secret}`, 'hex').slice(0, DIGITS);
}

/** The key of a new inbox, as hexadecimal digits. */
export function newFingerprintKey(): string {
  return randomBytes(KEY_BYTES).toString('hex');
}

/** From a plain fingerprint, so that what was stored before there were keys can be told as well. */
export function keyFingerprint(key: string, plain: string): string {
  return createHmac('sha256', key).update(plain).digest('hex').slice(0, DIGITS);
}

/** The verifier, with the installation's fingerprints in its proofs. `keyed` answers with the one of a plain one. */
export function withFingerprints(verify: Verifier, keyed: (plain: string) => string): Verifier {
  const named = (proof: Proof) =>
    proof.secret === undefined ? proof : { ...proof, secret: keyed(proof.secret) };
  const finish = (result: Proof | BodyCheck) =>
    typeof result === 'function' ? (body: Buffer) => whenKnown(result(body), named) : named(result);
  return function verifyNamed(head) {
    return whenKnown(verify(head), finish);
  };
}

export function maskOf(secret: string): string {
  const [, kind] = /^-----BEGIN ([A-Z ]+)-----/.exec(secret) ?? [];
  if (kind) return `a ${kind.toLowerCase()} in PEM`;
  if (/^\{.*"(keys|kty)"/s.test(secret)) return 'a public key as JWK';
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
