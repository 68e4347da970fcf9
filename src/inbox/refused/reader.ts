/** Looks at refused requests from beside the running service: read-only. For commands. Shows no credential. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { iso } from '../../base/times.ts';
import { prepareQuery, type SqlRow } from '../sqlite-file.ts';
import type { RefusedRequest } from './client.ts';

/** Which refused requests a person means: all that is given must be true of one. */
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

export interface RefusedSummary
  extends Pick<RefusedRequest, 'id' | 'source' | 'code' | 'reason' | 'address'> {
  readonly receivedAt: string;
  readonly bytes: number;
}

export interface RefusedDetails extends RefusedSummary {
  readonly headers: Readonly<Record<string, string>>;
  /** Names only, of the headers that signatures and tokens came in. */
  readonly credentials: readonly string[];
  readonly body: Buffer;
}

/** All that failed one check of one source. */
export interface RefusedGroup {
  readonly source: string;
  readonly code: string;
  readonly count: number;
  readonly addresses: number;
  readonly first: string;
  readonly last: string;
}

/** All that failed one check of one source and came from one address. */
export interface RefusedFailure extends Omit<RefusedGroup, 'addresses'> {
  readonly address: string;
  /** Ids of the newest three. */
  readonly newest: readonly string[];
}

/** Those of one source that are not here, for one reason. */
export interface LostGroup {
  readonly source: string;
  /** One of LOSS_REASONS, or of another version. */
  readonly why: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

/** `since`: those that came from then on, in milliseconds since 1970. */
export type RefusedFilter = Omit<RefusedChoice, 'ids'> & { readonly since?: number };

export interface RefusedFailures {
  readonly groups: readonly RefusedFailure[];
  readonly more: number;
}

type SummaryRow = Omit<RefusedSummary, 'receivedAt'> & { readonly receivedAt: number };

const FAILURES_MAX = 50;
const NEWEST_IDS = 3;
const SUMMARY = 'id, received_at AS receivedAt, source, code, reason, address, length(body) AS bytes';

export class RefusedReader {
  readonly #database: DatabaseSync | undefined;

  /** A path, or what its owner has open. A file that is not there yet is one without rows. */
  constructor(from: string | DatabaseSync) {
    if (typeof from !== 'string') this.#database = from;
    else if (existsSync(from)) this.#database = new DatabaseSync(from, { readOnly: true, timeout: 2_000 });
  }

  groups(source?: string): RefusedGroup[] {
    const rows = this.#all<Omit<RefusedGroup, 'first' | 'last'> & { first: number; last: number }>(
      `SELECT source, code, count(*) AS count, count(DISTINCT address) AS addresses, min(received_at) AS first,
        max(received_at) AS last FROM refused WHERE ?1 IS NULL OR source = ?1 GROUP BY source, code ORDER BY source, code`,
      source ?? null,
    );
    return rows.map((row) => ({ ...row, first: iso(row.first), last: iso(row.last) }));
  }

  /** Those with most requests first; `more`: so many groups more than are here. */
  failures({ source, code, address, since }: RefusedFilter = {}): RefusedFailures {
    const rows = this.#all<
      Omit<RefusedFailure, 'first' | 'last' | 'newest'> & { first: number; last: number }
    >(
      `SELECT source, code, address, count(*) AS count, min(received_at) AS first, max(received_at) AS last
        FROM refused WHERE ${CHOSEN} AND received_at >= ?5 GROUP BY source, code, address
        ORDER BY count DESC, last DESC`,
      ...[source ?? null, code ?? null, address ?? null, null, since ?? 0],
    );
    const groups = rows.slice(0, FAILURES_MAX).map(({ first, last, ...row }) => {
      const newest = this.#all<{ id: string }>(
        `SELECT id FROM refused WHERE source = ? AND address = ? AND code = ? ORDER BY number DESC LIMIT ${NEWEST_IDS}`,
        row.source,
        row.address,
        row.code,
      );
      return { ...row, first: iso(first), last: iso(last), newest: newest.map(({ id }) => id) };
    });
    return { groups, more: rows.length - groups.length };
  }

  /** How many are not here before their time; a file of an earlier version does not know. */
  losses(source?: string): LostGroup[] {
    if (this.#all("SELECT 1 FROM sqlite_schema WHERE name = 'losses'").length === 0) return [];
    const rows = this.#all<Omit<LostGroup, 'first' | 'last'> & { first: number; last: number }>(
      `SELECT source, why, count, first_at AS first, last_at AS last FROM losses
        WHERE ?1 IS NULL OR source = ?1 ORDER BY source, why`,
      source ?? null,
    );
    return rows.map((row) => ({ ...row, first: iso(row.first), last: iso(row.last) }));
  }

  /** Newest first. */
  list(source: string | undefined, limit: number): RefusedSummary[] {
    const rows = this.#all<SummaryRow>(
      `SELECT ${SUMMARY} FROM refused WHERE ?1 IS NULL OR source = ?1 ORDER BY number DESC LIMIT ?2`,
      source ?? null,
      limit,
    );
    return rows.map((row) => ({ ...row, receivedAt: iso(row.receivedAt) }));
  }

  /** How many are meant. */
  count({ source, code, address, ids }: RefusedChoice): number {
    const list = ids ? JSON.stringify(ids) : null;
    const values = [source ?? null, code ?? null, address ?? null, list];
    return (
      this.#all<{ count: number }>(`SELECT count(*) AS count FROM refused WHERE ${CHOSEN}`, ...values)[0]
        ?.count ?? 0
    );
  }

  show(id: string): RefusedDetails | undefined {
    const [row] = this.#all<SummaryRow & { headers: string; credentials: string; body: Uint8Array }>(
      `SELECT ${SUMMARY}, headers, credentials, body FROM refused WHERE id = ?`,
      id,
    );
    if (!row) return undefined;
    const lines = JSON.parse(row.credentials) as string[];
    return {
      ...row,
      receivedAt: iso(row.receivedAt),
      headers: JSON.parse(row.headers),
      credentials: lines.filter((_, at) => at % 2 === 0),
      body: Buffer.from(row.body),
    };
  }

  close(): void {
    this.#database?.close();
  }

  #all<T extends SqlRow<T>>(sql: string, ...values: (string | number | null)[]): T[] {
    return this.#database ? prepareQuery<T>(this.#database, sql).all(...values) : [];
  }
}
