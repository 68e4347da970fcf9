/** Which refused requests a person means: all that is given must be true of one. For store.ts, reader.ts and the console. */

export interface RefusedChoice {
  readonly source?: string;
  /** The check that refused it, as in `hmac_mismatch`. */
  readonly code?: string;
  readonly address?: string;
  /** The ids of the refusals. */
  readonly ids?: readonly string[];
}

/** A condition on a row of `refused`: the parameters are the source, the code, the address and a JSON list of ids, or NULL. */
export const CHOSEN = `(?1 IS NULL OR source = ?1) AND (?2 IS NULL OR code = ?2) AND (?3 IS NULL OR address = ?3)
  AND (?4 IS NULL OR id IN (SELECT value FROM json_each(?4)))`;

/** Nobody means everything without saying so. */
export function isChoice({ source, code, address, ids }: RefusedChoice): boolean {
  return source !== undefined || code !== undefined || address !== undefined || (ids?.length ?? 0) > 0;
}
