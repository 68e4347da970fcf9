/**
 * What the service counts beside the events, and tells its inbox every few seconds (serve/tally-book.ts). Below, how often events have
 * come again, which is kept as long as they are: in SQL that both databases understand, run by the drivers and read for story.ts.
 */
import type { SecretUse } from './contract.ts';
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

export interface DuplicateCount {
  readonly event: number;
  /** So many since it was told last; in the inbox, in all. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** One step of the purge takes so many rows. */
export const DUPLICATES_PURGE_STEP = 1_000;

/** Later times are the newer ones, whatever the order in which replicas tell them. */
export const ADD_DUPLICATE = `INSERT INTO duplicates AS known (event, count, last_at) VALUES ($1, $2, $3)
  ON CONFLICT (event) DO UPDATE SET count = known.count + excluded.count,
    last_at = CASE WHEN excluded.last_at > known.last_at THEN excluded.last_at ELSE known.last_at END`;

/** Before an event's number. */
export const PURGE_DUPLICATES = `DELETE FROM duplicates WHERE event IN
  (SELECT event FROM duplicates WHERE event < $1 ORDER BY event LIMIT ${DUPLICATES_PURGE_STEP})`;

export const DUPLICATES_OF = 'SELECT event, count, last_at AS "lastAt" FROM duplicates WHERE event = $1';
