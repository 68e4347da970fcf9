/**
 * Refused requests on disk, one row for each: bounded, and no more durable than a log. Lives in the thread of thread.ts.
 *
 * Their file is on this machine whatever keeps the inbox, since signatures and tokens are in it, which must not reach a
 * database, a backup or a replica. One that is damaged, or was written by a newer version, is put aside under another name
 * for a person to look at, and a new one is made: what is refused from now on must not wait for that.
 *
 * For each source at most so many bytes, and days. What goes first is the oldest of the address that has the most: a
 * flood from one address pushes out its own, not what the provider sent. A little more goes than has to, so that it is
 * seldom looked for.
 *
 * Signature headers and bearer tokens are kept here and nowhere else, and never shown. Of a query token only a digest is
 * kept: enough to tell later whether it was a token that is live now.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readMigrationsIn } from '../migration-files.ts';
import {
  createDatabaseFile,
  examineDatabaseFile,
  type FileFlaw,
  migrateDatabase,
  prepareQuery,
  renameDatabaseFile,
  tightenDatabaseFile,
  transact,
} from '../sqlite-file.ts';
import type { RefusedLimits, RefusedRequest } from './client.ts';

const refusedMigrations = readMigrationsIn(join(import.meta.dirname, 'migrations'));
const PROBE = 'SELECT number FROM refused ORDER BY number DESC LIMIT 100';

const DAY_MS = 86_400_000;

const COLUMNS = 'id, received_at, source, code, reason, address, headers, credentials, token_digest, body';
/** All that a row keeps, in bytes. */
const ROW_BYTES = COLUMNS.split(', ')
  .map((column) => `coalesce(octet_length(${column}), 0)`)
  .join(' + ');

/** The oldest of the address that has the most is the one with the most newer ones of its own address; then the oldest. */
const FIRST_TO_GO = `SELECT number FROM (SELECT number, row_number() OVER (PARTITION BY address ORDER BY number DESC)
  AS place FROM refused WHERE source = ?) ORDER BY place DESC, number`;
const SHARE_KEPT = 63 / 64;

/** How many of a source were deleted for newer ones, by source. */
export type PushedOut = ReadonlyMap<string, number>;

export type NumberedRequest = RefusedRequest & { readonly number: number };
type RequestRow = Omit<NumberedRequest, 'body' | 'tokenDigest'> & {
  readonly body: Uint8Array;
  readonly tokenDigest: Uint8Array | null;
};

export interface PutAside {
  /** Its name now. */
  readonly path: string;
  readonly reason: string;
}

export function openRefused(path: string): { database: DatabaseSync; putAside: PutAside | undefined } {
  tightenDatabaseFile(path);
  const flaw = existsSync(path) ? examineDatabaseFile(path, refusedMigrations, PROBE) : undefined;
  const putAside = flaw && putFileAside(path, flaw);
  if (!existsSync(path)) createDatabaseFile(path, (database) => migrateDatabase(database, refusedMigrations));
  const database = new DatabaseSync(path, { timeout: 2_000 });
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216',
  );
  migrateDatabase(database, refusedMigrations);
  return { database, putAside };
}

function putFileAside(path: string, flaw: FileFlaw): PutAside {
  const aside = `${path}-aside-${new Date().toISOString().replaceAll(':', '-')}`;
  renameDatabaseFile(path, aside);
  const reason =
    flaw.what === 'newer' ? 'it was written by a newer Consignee' : `it is damaged: ${flaw.reason}`;
  return { path: aside, reason };
}

export class RefusedStore {
  readonly #database: DatabaseSync;
  readonly #limits: RefusedLimits;
  /** Of a source, once they have been asked for. */
  readonly #bytes = new Map<string, number>();

  constructor(database: DatabaseSync, limits: RefusedLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** Answers with how many of which source had to make room. */
  keep(requests: readonly RefusedRequest[], now: number): PushedOut {
    const pushedOut = new Map<string, number>();
    this.#inTransaction(() => {
      this.#delete('received_at < ?', now - this.#limits.days * DAY_MS);
      for (const request of requests) this.#insert(request);
      for (const source of new Set(requests.map((one) => one.source))) {
        const count = this.#shrink(source);
        if (count > 0) pushedOut.set(source, count);
      }
    });
    return pushedOut;
  }

  /** The next ones of a source, oldest first, behind a number. */
  next(source: string, after: number, most: number): NumberedRequest[] {
    const query = prepareQuery<RequestRow>(
      this.#database,
      `SELECT number, id, received_at AS receivedAt, source, code, reason, address, headers, credentials,
        token_digest AS tokenDigest, body FROM refused WHERE source = ? AND number > ? ORDER BY number LIMIT ?`,
    );
    return query.all(source, after, most).map(({ tokenDigest, body, ...rest }) => ({
      ...rest,
      body: Buffer.from(body),
      ...(tokenDigest && { tokenDigest: Buffer.from(tokenDigest) }),
    }));
  }

  remove(number: number): void {
    this.#delete('number = ?', number);
  }

  close(): void {
    this.#database.close();
  }

  #insert(request: RefusedRequest): void {
    const { id, receivedAt, source, code, reason, address, headers, credentials, tokenDigest, body } =
      request;
    const values = [id, receivedAt, source, code, reason, address, headers, credentials];
    const row = this.#database
      .prepare(`INSERT OR IGNORE INTO refused (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        RETURNING ${ROW_BYTES} AS bytes`)
      .get(...values, tokenDigest ?? null, body);
    if (row) this.#resize(source, Number(row.bytes));
  }

  #delete(which: string, value: number): void {
    const rows = this.#database
      .prepare(`DELETE FROM refused WHERE ${which} RETURNING source, ${ROW_BYTES} AS bytes`)
      .all(value);
    for (const { source, bytes } of rows) this.#resize(String(source), -Number(bytes));
  }

  #resize(source: string, by: number): void {
    const bytes = this.#bytes.get(source);
    if (bytes !== undefined) this.#bytes.set(source, bytes + by);
  }

  #bytesOf(source: string): number {
    const known = this.#bytes.get(source);
    if (known !== undefined) return known;
    const row = this.#database
      .prepare(`SELECT coalesce(sum(${ROW_BYTES}), 0) AS bytes FROM refused WHERE source = ?`)
      .get(source);
    const bytes = Number(row?.bytes);
    this.#bytes.set(source, bytes);
    return bytes;
  }

  /** Answers with how many went. */
  #shrink(source: string): number {
    const { bytesMax } = this.#limits;
    let bytes = this.#bytesOf(source);
    if (bytes <= bytesMax) return 0;
    const sizeOf = this.#database.prepare(`SELECT ${ROW_BYTES} AS bytes FROM refused WHERE number = ?`);
    const going: number[] = [];
    for (const { number } of this.#database.prepare(FIRST_TO_GO).iterate(source)) {
      bytes -= Number(sizeOf.get(number as number)?.bytes);
      going.push(Number(number));
      if (bytes <= bytesMax * SHARE_KEPT) break;
    }
    for (const number of going) this.remove(number);
    return going.length;
  }

  #inTransaction(work: () => void): void {
    try {
      transact(this.#database, work);
    } catch (error) {
      this.#bytes.clear();
      throw error;
    }
  }
}
