/**
 * Comparison in constant time, for secrets of any length.
 *
 * Both sides are hashed first, so neither the length nor the place of the first difference shows in the time taken.
 */
import { hash, timingSafeEqual } from 'node:crypto';

export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Which of `digests` is that of the given one, -1 if none is. All are compared, whatever the outcome. */
export function placeOf(digest: Buffer, digests: readonly Buffer[]): number {
  let found = -1;
  for (const [at, expected] of digests.entries()) if (timingSafeEqual(digest, expected)) found = at;
  return found;
}
