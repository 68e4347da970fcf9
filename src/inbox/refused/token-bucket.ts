/**
 * Decides how much of a flood is kept: each source has a token bucket of so many requests and bytes a second, refilled evenly,
 * so that a source which is flooded takes nothing from the others. Genuine trouble is slower than that. Asked by client.ts.
 */
const PER_SECOND = 50;
const BYTES_PER_SECOND = 4 * 1_048_576;
const BURST_SECONDS = 4;

interface TokenBucket {
  requests: number;
  bytes: number;
  filledAt: number;
}

export class TokenBuckets {
  readonly #buckets = new Map<string, TokenBucket>();

  /** Whether it may be kept; if so, its tokens are taken. */
  admit(source: string, bytes: number, nowMs: number): boolean {
    const bucket = this.#filled(source, nowMs);
    if (bucket.requests < 1 || bucket.bytes < bytes) return false;
    bucket.requests--;
    bucket.bytes -= bytes;
    return true;
  }

  #filled(source: string, nowMs: number): TokenBucket {
    const before = this.#buckets.get(source);
    const seconds = before ? (nowMs - before.filledAt) / 1_000 : BURST_SECONDS;
    const bucket = {
      requests: Math.min(PER_SECOND * BURST_SECONDS, (before?.requests ?? 0) + seconds * PER_SECOND),
      bytes: Math.min(BYTES_PER_SECOND * BURST_SECONDS, (before?.bytes ?? 0) + seconds * BYTES_PER_SECOND),
      filledAt: nowMs,
    };
    this.#buckets.set(source, bucket);
    return bucket;
  }
}
