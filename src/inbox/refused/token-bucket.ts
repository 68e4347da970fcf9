/**
 * Decides how much of a flood is kept. Token buckets of so many requests and bytes a second, refilled evenly: one for each
 * network of strangers, one for all strangers of a source together, and one for those who have proved themselves to it, which
 * no stranger can empty. So a source which is flooded takes nothing from the others. Genuine trouble is slower than that.
 * Asked by client.ts.
 */
const PER_SECOND = 50;
const BYTES_PER_SECOND = 4 * 1_048_576;
const BURST_SECONDS = 4;
/** So many times as much as one network of strangers. */
const ALL_STRANGERS = 2;
const ALL_PROVEN = 4;
/** Full ones are as good as none. */
const BUCKETS_MAX = 2_048;

export interface Sender {
  readonly source: string;
  /** An address, or the /64 of one. */
  readonly network: string;
  /** An event of the source was accepted from there before. */
  readonly isProven: boolean;
}

interface TokenBucket {
  readonly size: number;
  requests: number;
  bytes: number;
  filledAt: number;
}

export class TokenBuckets {
  readonly #buckets = new Map<string, TokenBucket>();

  /** `nowMs`: of a clock that nobody sets. Whether it may be kept; if so, its tokens are taken. One that is larger than a bucket holds leaves it in debt. */
  admit({ source, network, isProven }: Sender, bytes: number, nowMs: number): boolean {
    const all = this.#filled(`${source} ${isProven}`, isProven ? ALL_PROVEN : ALL_STRANGERS, nowMs);
    if (isEmpty(all)) return false;
    const buckets = isProven ? [all] : [all, this.#filled(`${source} of ${network}`, 1, nowMs)];
    if (buckets.some(isEmpty)) return false;
    for (const bucket of buckets) {
      bucket.requests--;
      bucket.bytes -= bytes;
    }
    return true;
  }

  #filled(name: string, size: number, nowMs: number): TokenBucket {
    const [requestsMax, bytesMax] = [
      size * PER_SECOND * BURST_SECONDS,
      size * BYTES_PER_SECOND * BURST_SECONDS,
    ];
    const bucket = this.#buckets.get(name) ?? {
      size,
      requests: requestsMax,
      bytes: bytesMax,
      filledAt: nowMs,
    };
    const seconds = (nowMs - bucket.filledAt) / 1_000;
    bucket.requests = Math.min(requestsMax, bucket.requests + seconds * size * PER_SECOND);
    bucket.bytes = Math.min(bytesMax, bucket.bytes + seconds * size * BYTES_PER_SECOND);
    bucket.filledAt = nowMs;
    if (this.#buckets.size >= BUCKETS_MAX && !this.#buckets.has(name)) this.#forgetFull(nowMs);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #forgetFull(nowMs: number): void {
    for (const [name, { filledAt, bytes }] of this.#buckets) {
      if (nowMs - filledAt > BURST_SECONDS * 1_000 && bytes >= 0) this.#buckets.delete(name);
    }
  }
}

function isEmpty({ requests, bytes }: TokenBucket): boolean {
  return requests < 1 || bytes <= 0;
}
