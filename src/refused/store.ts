/**
 * Refused requests on disk, in a file of their own on this machine: bounded, and no more durable than a log. One row for
 * each request, mode 600.
 *
 * For each source at most so many requests, bytes and days. What goes first is the oldest of the address that has the
 * most: a flood from one address pushes out its own, not what the provider sent.
 *
 * Signature headers and bearer tokens are kept here and nowhere else, and never shown. Of a query token only a digest is
 * kept: enough to tell later whether it was a token that is live now.
 */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDatabase, tightenDatabase } from '../inbox/sqlite/private-files.ts';
import type { RefusedLimits, RefusedRequest } from '../types.ts';

/** Its user_version; a file of another version is thrown away. */
const VERSION = 1;
const DAY_MS = 86_400_000;

const TABLE = `
  CREATE TABLE refused (
    number       INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    received_at  INTEGER NOT NULL,
    source       TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    headers      TEXT    NOT NULL,
    credentials  TEXT    NOT NULL,
    token_digest BLOB,
    body         BLOB    NOT NULL
  ) STRICT;
  CREATE INDEX refused_source ON refused (source, number);
  PRAGMA user_version = ${VERSION};
`;

/** As rows and messages between threads have it: bytes are no Buffer there. */
export type StoredRequest = Omit<RefusedRequest, 'body' | 'tokenDigest'> & {
  readonly body: Uint8Array;
  readonly tokenDigest?: Uint8Array;
};
export type NumberedRequest = StoredRequest & { readonly number: number };

export function openRefused(path: string): DatabaseSync {
  tightenDatabase(path);
  if (existsSync(path) && versionOf(path) !== VERSION) {
    for (const part of ['', '-wal', '-shm']) rmSync(path + part, { force: true });
  }
  if (!existsSync(path)) makePrivateDatabase(path, (database) => database.exec(TABLE));
  const database = new DatabaseSync(path, { timeout: 2_000 });
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216',
  );
  return database;
}

function versionOf(path: string): number | undefined {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    const version = database.prepare('PRAGMA user_version').get()?.user_version as number;
    database.close();
    return version;
  } catch {
    return undefined;
  }
}

export class RefusedStore {
  readonly #database: DatabaseSync;
  readonly #limits: RefusedLimits;

  constructor(database: DatabaseSync, limits: RefusedLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  keep(requests: readonly StoredRequest[], now: number): void {
    const insert =
      this.#database.prepare(`INSERT OR IGNORE INTO refused (id, received_at, source, code, reason, address, headers,
      credentials, token_digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#turn(() => {
      for (const one of requests) {
        const { id, receivedAt, source, code, reason, address, headers, credentials, tokenDigest, body } =
          one;
        insert.run(
          id,
          receivedAt,
          source,
          code,
          reason,
          address,
          headers,
          credentials,
          tokenDigest ?? null,
          body,
        );
      }
      for (const source of new Set(requests.map((one) => one.source))) this.#shrink(source, now);
    });
  }

  /** The next ones of a source, oldest first, behind a number. */
  next(source: string, after: number, most: number): NumberedRequest[] {
    const rows = this.#database
      .prepare(`SELECT number, id, received_at AS receivedAt, source, code, reason, address, headers, credentials,
        token_digest AS tokenDigest, body FROM refused WHERE source = ? AND number > ? ORDER BY number LIMIT ?`)
      .all(source, after, most) as (Omit<NumberedRequest, 'tokenDigest'> & {
      tokenDigest: Uint8Array | null;
    })[];
    return rows.map(({ tokenDigest, ...rest }) => ({ ...rest, ...(tokenDigest && { tokenDigest }) }));
  }

  remove(number: number): void {
    this.#database.prepare('DELETE FROM refused WHERE number = ?').run(number);
  }

  close(): void {
    this.#database.close();
  }

  #shrink(source: string, now: number): void {
    const { countMax, bytesMax, days } = this.#limits;
    this.#database.prepare('DELETE FROM refused WHERE received_at < ?').run(now - days * DAY_MS);
    const held = this.#database
      .prepare(
        'SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM refused WHERE source = ?',
      )
      .get(source) as { count: number; bytes: number };
    const dropOldestOfLoudest = this.#database.prepare(`DELETE FROM refused WHERE number = (SELECT min(number)
      FROM refused WHERE source = ?1 AND address = (SELECT address FROM refused WHERE source = ?1
        GROUP BY address ORDER BY count(*) DESC, min(number) LIMIT 1)) RETURNING length(body) AS bytes`);
    for (let { count, bytes } = held; count > countMax || bytes > bytesMax; count--) {
      bytes -= (dropOldestOfLoudest.get(source) as { bytes: number }).bytes;
    }
  }

  #turn(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
