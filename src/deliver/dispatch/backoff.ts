/** Exponential backoff with full jitter: a random time up to base · 2^(attempt-1), at most the cap. In milliseconds. */
export function backoffMs(attempt: number, baseMs: number, capMs: number, random = Math.random): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 40)));
}
