/** What the service counts beside the events, and tells its inbox every few seconds (serve/tally-book.ts). */
import type { SecretUse } from './contract.ts';
import type { DuplicateCount } from './duplicates.ts';
import type { MinuteTally } from './tallies.ts';

/** All that is new since the last time. */
export interface Counts {
  readonly uses: readonly SecretUse[];
  readonly tallies: readonly MinuteTally[];
  /** In the order of their numbers. */
  readonly duplicates?: readonly DuplicateCount[];
}

/** Uses of one key are added up. */
export function keyOfUse({ source, scheme, secret, form }: Omit<SecretUse, 'count' | 'lastAt'>): string {
  return `${source} ${scheme} ${secret} ${form}`;
}
