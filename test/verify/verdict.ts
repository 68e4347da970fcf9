/** Asks a verifier as the service does: the head first, then the body. */
import type { RefusalCode } from '../../src/verify/refusals.ts';
import { type Head, Rejection, type Verifier } from '../../src/verify/verifier.ts';

export const NOW = Date.UTC(2026, 10, 22, 10);
export const NOW_SECONDS = NOW / 1000;

export function head(over: Partial<Head> = {}): Head {
  return { receivedAt: NOW, address: '203.0.113.9', query: '', rawHeaders: [], ...over };
}

/** `passes`, or the code of the Rejection. Any other error is a bug and gets through. */
export async function verdict(
  verifier: Verifier,
  given: Partial<Head>,
  body: Buffer | string = '',
): Promise<'passes' | RefusalCode> {
  try {
    const check = await verifier(head(given));
    if (typeof check === 'function') await check(Buffer.from(body));
    return 'passes';
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  }
}

export function flipBit(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  const at = (bit >> 3) % bytes.length;
  flipped[at] = (flipped[at] as number) ^ (1 << (bit & 7));
  return flipped;
}
