/**
 * Compares secrets of any length in constant time. Both sides are hashed first, so the time taken tells neither a secret's
 * length nor where the first difference is.
 */
import { hash, timingSafeEqual } from 'node:crypto';

export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** The index of the digest among `digests`, or -1. Every one is compared, also after a match. */
export function indexOfDigest(digest: Buffer, digests: readonly Buffer[]): number {
  let found = -1;
  for (const [at, expected] of digests.entries()) if (timingSafeEqual(digest, expected)) found = at;
  return found;
}
