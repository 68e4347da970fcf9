/**
 * How signatures are made and checked, one row for each algorithm, and which of several keys has made one that came. verifier.ts asks
 * for that, over the pieces that parts.ts has read; signed.ts and `consignee detect` for the signature that is expected.
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { FormKey } from './key.ts';
import { KEY, type KnownPiece } from './parts.ts';
import type { CompiledForm } from './reading.ts';
import type { Claim } from './verifier.ts';

export interface AlgorithmRow {
  /** What it is checked with: a secret, the text of one among what is digested or compared, or a public key of this type of node:crypto. */
  readonly key: 'secret' | 'text' | 'ed25519' | 'ec' | 'rsa';
  readonly hash?: 'sha256' | 'sha1' | 'sha512';
  /** The length of a signature; left out: that is the key's. */
  readonly bytes?: number;
  /** Its names in JWKs. */
  readonly jwk?: readonly string[];
}
export const ALGORITHMS = {
  'hmac-sha256': { key: 'secret', hash: 'sha256', bytes: 32 },
  'hmac-sha1': { key: 'secret', hash: 'sha1', bytes: 20 },
  'hmac-sha512': { key: 'secret', hash: 'sha512', bytes: 64 },
  'digest-sha256': { key: 'text', hash: 'sha256', bytes: 32 },
  ed25519: { key: 'ed25519', bytes: 64, jwk: ['EdDSA', 'Ed25519'] },
  'ecdsa-sha256': { key: 'ec', hash: 'sha256', jwk: ['ES256'] },
  'ecdsa-sha1': { key: 'ec', hash: 'sha1' },
  'rsa-sha256': { key: 'rsa', hash: 'sha256', jwk: ['RS256'] },
  'rsa-sha1': { key: 'rsa', hash: 'sha1' },
  equal: { key: 'text' },
} as const satisfies Record<string, AlgorithmRow>;

/** What the signature must be, by an algorithm that makes the same one each time. */
export function expectedBy(compiled: CompiledForm, key: FormKey, pieces: readonly KnownPiece[]): Buffer {
  const { hash } = compiled.algorithm;
  if (!hash) return key.digest;
  const made = key.object ? createHmac(hash, key.object) : createHash(hash);
  for (const piece of pieces) made.update(piece === KEY ? key.text : piece);
  return made.digest();
}

/** The key that makes one of the signatures. Every key is tried on each of them, also after a match. */
export function matching(
  { compiled, keys, signatures }: Claim,
  pieces: readonly KnownPiece[],
): FormKey | undefined {
  const { algorithm, form, isAsymmetric } = compiled;
  const data = isAsymmetric ? joined(pieces) : undefined;
  let found: FormKey | undefined;
  for (const key of keys) {
    const expected = data ?? expectedBy(compiled, key, pieces);
    for (const signature of signatures) {
      const isMade = isAsymmetric
        ? verify(algorithm.hash, expected, key.object as KeyObject, signature)
        : timingSafeEqual(expected, signature);
      if (isMade) found = key;
    }
  }
  // Whoever asks for the handshake gets such a signature.
  return found && form.unlike?.test(joined(pieces).toString('latin1')) ? undefined : found;
}

/** For algorithms that want all the bytes at once. */
export function joined(pieces: readonly KnownPiece[]): Buffer {
  const all = pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : Buffer.from(piece as string)));
  return all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all);
}
