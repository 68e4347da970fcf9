/**
 * The inbox as commands read it: from beside the running service, read-only, never in its way. In SQL that both databases
 * understand: sqlite/reader.ts and postgres/reader.ts open the connection and say what differs.
 */
import { iso } from '../base/times.ts';
import { ActionReader } from './action-reader.ts';
import { newestNumber } from './action-steps.ts';
import { FINGERPRINT_KEY, type SecretUse } from './contract.ts';
import { CountReader } from './count-reader.ts';
import { idInBatch, idOf, timeOfNumber } from './event-id.ts';
import { type FailureFilter, type Failures, readFailures } from './failures.ts';
import { readIndexedTo, readNewestByKey, type SearchTables } from './fresh-keys.ts';
import { batchOfItem, itemsShown } from './item-reader.ts';
import { ALARMS_KEPT, type AlarmRecord } from './kept-alarms.ts';
import { EventSearch } from './search.ts';
import type { Selection } from './selection.ts';
import type { StoredSource } from './stored-source.ts';
import {
  type AttemptRow,
  attemptsOf,
  type EventDetails,
  type EventEvidence,
  type EventProofs,
  type EventRow,
  type EventSummary,
  type ProofsRow,
  type PurgedEvent,
  proofsOf,
  summariesOf,
} from './summary.ts';

export interface Tables extends SearchTables {
  /** Whether replicas share it. */
  readonly isShared: boolean;
  /** An event may come to light so long after one with a higher number. */
  readonly lateMs: number;
  close(): Promise<void>;
}

const SUMMARY = `number, received_at AS "receivedAt", source, type, external_id AS "externalId",
  length(body) AS bytes, held`;
const PROOFS = 'number, source, received_at AS "receivedAt", address, evidence';

export class InboxReader {
  readonly #tables: Tables;
  readonly actions: ActionReader;
  /** What is counted beside the events. */
  readonly counts: CountReader;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.counts = new CountReader(tables);
    this.actions = new ActionReader(tables);
  }

  get lateMs(): number {
    return this.#tables.lateMs;
  }

  async id(): Promise<string> {
    return String(await this.#meta('inbox'));
  }

  /** The key of the fingerprints; undefined before a service has made it. */
  async fingerprintKey(): Promise<string | undefined> {
    return await this.#meta(FINGERPRINT_KEY);
  }

  async #meta(key: string): Promise<string | undefined> {
    const [row] = await this.#tables.all<{ value: string }>('SELECT value FROM meta WHERE key = $1', key);
    return row?.value;
  }

  /** What is to be shown of a selection. `sources`: those that there are now. */
  search(selection: Selection, sources: ReadonlyMap<string, StoredSource>): EventSearch {
    return new EventSearch(this.#tables, selection, sources, async (numbers) => {
      const sql = `SELECT ${SUMMARY} FROM inbox WHERE ${this.#isListed('number')} ORDER BY number DESC`;
      return await summariesOf(this.#tables, await this.#tables.all<EventRow>(sql, JSON.stringify(numbers)));
    });
  }

  /** The number up to which events are indexed by their search keys; 0 if none is. */
  indexedTo(sources: ReadonlyMap<string, StoredSource>): Promise<number> {
    return readIndexedTo(this.#tables, sources);
  }

  newestByKey(value: string, limit: number): Promise<number[]> {
    return readNewestByKey(this.#tables, value, limit);
  }

  /** `number`: of an event, or of an item, whose states and attempts are told then. */
  async show(number: number): Promise<EventDetails | PurgedEvent | undefined> {
    const { all, keys } = this.#tables;
    const batch = await batchOfItem(this.#tables, number);
    const whole = `SELECT ${SUMMARY}, address, headers, body FROM inbox WHERE number = $1`;
    const [row] = await all<EventRow & { address: string; headers: string | null; body: Uint8Array | null }>(
      whole,
      batch ?? number,
    );
    if (!row) {
      const known = await all(`SELECT number FROM ${keys} WHERE number = $1`, number);
      if (known.length === 0) return undefined;
      return { number, id: idOf(number), receivedAt: iso(timeOfNumber(number)), purged: true };
    }
    const [summary] = (await summariesOf(this.#tables, [{ ...row, number }])) as [EventSummary];
    const attempts = await all<AttemptRow>(
      `SELECT handler, attempt, started_at AS "startedAt", ms, outcome, error, status, output
       FROM attempts WHERE event = $1`,
      number,
    );
    const { address, headers, body } = row;
    return {
      ...summary,
      id: idInBatch(number, batch),
      address,
      headers: headers === null ? null : JSON.parse(headers),
      body: body === null ? null : Buffer.from(body),
      attempts: attemptsOf(attempts),
      ...(await itemsShown(this.#tables, number, batch)),
    };
  }

  /** The live secrets that have proved requests, by fingerprint. */
  secretUses(): Promise<SecretUse[]> {
    return this.#tables.all<SecretUse>(
      `SELECT source, scheme, secret, form, count, last_at AS "lastAt" FROM secret_uses ORDER BY 1, 2, 4, 6`,
    );
  }

  /** Of the last thirty days: those that are raised first, then the newest. */
  alarms(limit: number): Promise<AlarmRecord[]> {
    return this.#tables.all<AlarmRecord>(ALARMS_KEPT, limit);
  }

  /** What is open because it failed, by handler and cause. */
  failures(filter: FailureFilter): Promise<Failures> {
    return readFailures(this.#tables, filter);
  }

  /** Everything with which an event's bytes and signature can be checked again; undefined once it is purged. */
  async evidence(number: number): Promise<EventEvidence | undefined> {
    const [row] = await this.#tables.all<ProofsRow & { digest: Uint8Array; body: Uint8Array }>(
      `SELECT ${PROOFS}, body,
         (SELECT digest FROM ${this.#tables.keys} AS known WHERE known.number = inbox.number) AS digest
       FROM inbox WHERE number = $1 AND body IS NOT NULL`,
      number,
    );
    return row && { ...proofsOf(row), digest: Buffer.from(row.digest), body: Buffer.from(row.body) };
  }

  /** Newest first, without those that are purged. */
  async proofs(numbers: readonly number[]): Promise<EventProofs[]> {
    const rows = await this.#tables.all<ProofsRow>(
      `SELECT ${PROOFS} FROM inbox
       WHERE ${this.#isListed('number')} AND body IS NOT NULL ORDER BY number DESC`,
      JSON.stringify(numbers),
    );
    return rows.map(proofsOf);
  }

  /** Numbers behind one, in order, of events that have a body. */
  async numbers(after: number, limit: number): Promise<number[]> {
    const sql = 'SELECT number FROM inbox WHERE number > $1 AND body IS NOT NULL ORDER BY number LIMIT $2';
    const rows = await this.#tables.all<{ number: number }>(sql, after, limit);
    return rows.map(({ number }) => number);
  }

  /** The highest number that no wrong clock gave; 0 if there is none. */
  async newest(): Promise<number> {
    const { sql, values } = newestNumber(Date.now());
    const [row] = await this.#tables.all<{ number: number | null }>(sql, ...values);
    return row?.number ?? 0;
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }

  /** Whether a column has one of the numbers in $1, a JSON list. */
  #isListed(column: string): string {
    return this.#tables.isAmong(column, this.#tables.numbersIn('$1'));
  }
}
