/**
 * Refused requests on disk, one row for each: bounded, and no more durable than a log. Lives in the thread of thread.ts, with
 * the file of file.ts. It asks no clock but to note what it was.
 *
 * For each source at most so many bytes, for all of them together, and days. room.ts says what goes first. How many are gone
 * before their time, and why, is kept as well.
 *
 * Signature headers and bearer tokens are kept here and nowhere else, and never shown. Of a query token only a digest is
 * kept: enough to tell later whether it was a token that is live now.
 */
import type { DatabaseSync } from 'node:sqlite';
import { networkOf } from '../../base/address.ts';
import { DAY_MS, MINUTE_MS } from '../../base/times.ts';
import { refusalOf } from '../../verify/refusals.ts';
import { prepareQuery, transact } from '../sqlite-file.ts';
import type { RefusedLimits, RefusedRequest } from './client.ts';
import { BUSY_MS } from './file.ts';
import type { LossReason } from './losses.ts';
import { CHOSEN, type RefusedChoice } from './reader.ts';
import { Room } from './room.ts';
import { clockAt, type NumberedRequest, nextRequests, stepSinceNewest } from './rows.ts';

/** Whoever has sent nothing genuine for so long is a stranger again. */
const PROVEN_DAYS = 30;
/** Clocks differ by so much without being wrong. */
const CLOCK_MS = 10 * MINUTE_MS;

const TEXTS = 'id, source, code, reason, address, headers, credentials, token_digest, body, query';
/** All that a row keeps, in bytes, with one number. */
const ROW_BYTES = `8 + ${TEXTS.split(', ')
  .map((column) => `coalesce(octet_length(@${column}), 0)`)
  .join(' + ')}`;

const INSERT = `INSERT OR IGNORE INTO refused (${TEXTS}, received_at, network, enforced, expires_at, clock_offset, clock_name, bytes, shaped)
  VALUES (${TEXTS.replaceAll(/\w+/g, '@$&')}, @received_at, @network, @enforced, @expires_at, @clock_offset, @clock_name,
    ${ROW_BYTES},
    @may_be_genuine AND json_valid(CAST(@body AS TEXT)))
  RETURNING bytes`;

/** How many of a source were deleted for others, by source. */
export type PushedOut = ReadonlyMap<string, number>;

/** A network from where an event of the source was accepted, last at that time. */
export interface ProvenNetwork {
  readonly source: string;
  readonly network: string;
  readonly at: number;
}

export class RefusedStore {
  readonly #database: DatabaseSync;
  readonly #limits: RefusedLimits;
  readonly #room: Room;
  /** What was deleted is still in the write-ahead log. */
  #hasRemains = true;

  constructor(database: DatabaseSync, limits: RefusedLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#room = new Room(database, limits, (number) => this.remove(number));
  }

  /** Answers with how many of which source had to make room. */
  keep(requests: readonly RefusedRequest[], now: number): PushedOut {
    return this.#inTransaction(() => {
      this.#deleteExpired(now);
      for (const request of requests) this.#insert(request, now);
      const pushedOut = this.#room.make(new Set(requests.map(({ source }) => source)));
      for (const [source, count] of pushedOut) this.lose(source, 'pushed_out', count, now);
      return pushedOut;
    });
  }

  /** Deletes what is past its days. */
  purge(now: number): void {
    const { days } = this.#limits;
    this.#inTransaction(() => {
      const latest = now + days * DAY_MS;
      // It was kept while the clock was ahead, or for more days than now.
      this.#run('UPDATE refused SET expires_at = ? WHERE expires_at > ?', latest, latest + CLOCK_MS);
      this.#deleteExpired(now);
      this.#run('DELETE FROM losses WHERE last_at <= ?', now - days * DAY_MS);
      this.#run('DELETE FROM proven WHERE at <= ?', now - PROVEN_DAYS * DAY_MS);
    });
  }

  /** Takes what was deleted out of the write-ahead log too, unless somebody reads at this moment: then the next time. */
  wipeRemains(): void {
    if (!this.#hasRemains) return;
    this.#database.exec('PRAGMA busy_timeout = 0');
    const result = this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    this.#hasRemains = result?.busy !== 0;
  }

  /** By how much the clock was set ahead since the newest came. */
  clockStepMs(): number {
    return stepSinceNewest(this.#database);
  }

  /** The next ones of a source, oldest first, behind a number: so many at most, and not many bytes. None: there are no more. */
  next(source: string, after: number, most: number): NumberedRequest[] {
    return nextRequests(this.#database, source, after, most);
  }

  /** The highest number of a source; 0 if there is none. */
  newest(source: string): number {
    const row = this.#database
      .prepare('SELECT max(number) AS number FROM refused WHERE source = ?')
      .get(source);
    return Number(row?.number ?? 0);
  }

  remove(number: number): void {
    this.#delete('number = ?', number);
  }

  /** Removes what a person has looked at and does not want: so many at the most. Answers with how many there were. */
  discard({ source, code, address, ids }: RefusedChoice, most: number): number {
    return this.#inTransaction(() =>
      this.#delete(
        `number IN (SELECT number FROM refused WHERE ${CHOSEN} LIMIT ?5)`,
        ...[source ?? null, code ?? null, address ?? null, ids ? JSON.stringify(ids) : null],
        most,
      ),
    );
  }

  /** From now on what comes from there is nobody's junk, and what has come neither. */
  prove({ source, network, at }: ProvenNetwork): void {
    const sql = `INSERT INTO proven (source, network, at) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`;
    this.#run(sql, source, network, at);
  }

  /** Those that were heard of last come last. */
  proven(): ProvenNetwork[] {
    const sql = 'SELECT source, network, at FROM proven ORDER BY at';
    return prepareQuery<ProvenNetwork>(this.#database, sql).all();
  }

  /** So many more are not kept, or not any more. */
  lose(source: string, why: LossReason, count: number, now: number): void {
    this.#run(
      `INSERT INTO losses (source, why, count, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at`,
      source,
      why,
      count,
      now,
    );
  }

  close(): void {
    this.#database.close();
  }

  #insert(request: RefusedRequest, now: number): void {
    const { receivedAt, tokenDigest, query = '', ...texts } = request;
    const clock = clockAt(receivedAt);
    const row = this.#database.prepare(INSERT).get({
      ...texts,
      query,
      token_digest: tokenDigest ?? null,
      received_at: receivedAt,
      network: networkOf(request.address),
      expires_at: now + this.#limits.days * DAY_MS,
      clock_offset: clock.offsetMs,
      clock_name: clock.steadyClock,
      may_be_genuine: refusalOf(request.code).mayBeGenuine ? 1 : 0,
    });
    if (row) this.#room.resize(request.source, Number(row.bytes));
  }

  #deleteExpired(now: number): void {
    this.#delete('expires_at <= ?', now);
  }

  #delete(which: string, ...values: (string | number | null)[]): number {
    const rows = this.#database
      .prepare(`DELETE FROM refused WHERE ${which} RETURNING source, bytes`)
      .all(...values);
    for (const { source, bytes } of rows) this.#room.resize(String(source), -Number(bytes));
    if (rows.length > 0) this.#hasRemains = true;
    return rows.length;
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #inTransaction<T>(work: () => T): T {
    try {
      return transact(this.#database, work);
    } catch (error) {
      this.#room.forget();
      throw error;
    }
  }
}
