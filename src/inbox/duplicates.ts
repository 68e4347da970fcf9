/**
 * How often events have come again: counted on the edge (serve/duplicate-counts.ts), told to the inbox with the other counts, and kept as
 * long as the events. In SQL that both databases understand; the drivers run it, and story.ts reads it.
 */

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
