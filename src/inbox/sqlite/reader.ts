/** Looks into an SQLite inbox from beside the running service. Opened by ../reader.ts. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { ConfigError } from '../../base/errors.ts';
import type { SecretUse } from '../contract.ts';
import type {
  EventDetails,
  EventEvidence,
  EventProofs,
  EventSummary,
  Filter,
  InboxReader,
} from '../reader.ts';
import {
  type AttemptRow,
  attemptOf,
  type EventRow,
  type FinishedRow,
  type OpenRow,
  type ProofsRow,
  proofsOf,
  summaryOf,
} from '../summary.ts';
import { movedProblem, movedTo } from './moved.ts';

export class SqliteReader implements InboxReader {
  /** One writer, one number after the other. */
  readonly lateMs = 0;
  readonly #database: DatabaseSync;

  /** Throws if the file is not there, ConfigError if the inbox has moved. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
    const moved = movedTo(this.#database);
    if (!moved) return;
    this.#database.close();
    throw new ConfigError([movedProblem(path, moved)]);
  }

  async id(): Promise<string> {
    const row = this.#database.prepare("SELECT value FROM meta WHERE key = 'inbox'").get();
    return String(row?.value);
  }

  async list(filter: Filter): Promise<EventSummary[]> {
    const { where, values } = conditionsOf(filter);
    const order = filter.oldestFirst ? 'ASC' : 'DESC';
    const rows = this.#database
      .prepare(`SELECT ${SUMMARY} FROM inbox WHERE ${where} ORDER BY number ${order} LIMIT ?`)
      .all(...values, filter.limit);
    return rows.map((row) => this.#summary(row as unknown as EventRow));
  }

  async show(number: number): Promise<EventDetails | undefined> {
    const row = this.#database
      .prepare(`SELECT ${SUMMARY}, address, headers, body FROM inbox WHERE number = ?`)
      .get(number) as
      | (EventRow & { address: string; headers: string | null; body: Uint8Array | null })
      | undefined;
    if (!row) return undefined;
    const attempts = this.#database
      .prepare(`SELECT handler, attempt, started_at AS startedAt, ms, outcome, error, status, output FROM attempts
        WHERE event = ? ORDER BY started_at, handler`)
      .all(number) as unknown as AttemptRow[];
    return {
      ...this.#summary(row),
      address: row.address,
      headers: row.headers === null ? null : JSON.parse(row.headers),
      body: row.body === null ? null : Buffer.from(row.body),
      attempts: attempts.map(attemptOf),
    };
  }

  async secretUses(): Promise<SecretUse[]> {
    return this.#database
      .prepare(
        'SELECT source, scheme, secret, form, count, last_at AS lastAt FROM secret_uses ORDER BY 1, 2, 4, 6',
      )
      .all() as unknown as SecretUse[];
  }

  async evidence(number: number): Promise<EventEvidence | undefined> {
    const row = this.#database
      .prepare(`SELECT ${PROOFS}, digest, body FROM inbox WHERE number = ? AND body IS NOT NULL`)
      .get(number) as (ProofsRow & { digest: Uint8Array; body: Uint8Array }) | undefined;
    if (!row) return undefined;
    const { digest, body, ...rest } = row;
    return { ...proofsOf(rest), digest: Buffer.from(digest), body: Buffer.from(body) };
  }

  async proofs(numbers: readonly number[]): Promise<EventProofs[]> {
    const rows = this.#database
      .prepare(`SELECT ${PROOFS} FROM inbox WHERE number IN (SELECT value FROM json_each(?)) AND body IS NOT NULL
        ORDER BY number DESC`)
      .all(JSON.stringify(numbers)) as unknown as ProofsRow[];
    return rows.map(proofsOf);
  }

  async numbers(after: number, limit: number): Promise<number[]> {
    const rows = this.#database
      .prepare('SELECT number FROM inbox WHERE number > ? AND body IS NOT NULL ORDER BY number LIMIT ?')
      .all(after, limit);
    return rows.map(({ number }) => number as number);
  }

  async newest(): Promise<number> {
    return Number(this.#database.prepare('SELECT max(number) AS n FROM inbox').get()?.n ?? 0);
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #summary(row: EventRow): EventSummary {
    const open = this.#database
      .prepare('SELECT handler, state, attempts, due FROM work WHERE event = ? ORDER BY handler')
      .all(row.number) as unknown as OpenRow[];
    const finished = this.#database
      .prepare(`SELECT handler, outcome AS state, attempt AS attempts, max(started_at) FROM attempts
        WHERE event = ? AND outcome IN ('done', 'discarded') GROUP BY handler`)
      .all(row.number) as unknown as FinishedRow[];
    return summaryOf(row, open, finished);
  }
}

const SUMMARY = `number, received_at AS receivedAt, source, type, external_id AS externalId,
  length(body) AS bytes, held`;

const PROOFS = 'number, source, received_at AS receivedAt, address, evidence';

function conditionsOf({ source, type, state, after, except = [] }: Filter): {
  where: string;
  values: SQLInputValue[];
} {
  const conditions = ['1'];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...more: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (source !== undefined) add('source = ?', source);
  if (type !== undefined) add('type = ?', type);
  if (after !== undefined) add('number > ?', after);
  if (except.length > 0) add('number NOT IN (SELECT value FROM json_each(?))', JSON.stringify(except));
  if (state === 'done' || state === 'discarded') {
    add('number NOT IN (SELECT event FROM work)');
    add('number IN (SELECT event FROM attempts WHERE outcome = ?)', state);
  } else if (state !== undefined) add('number IN (SELECT event FROM work WHERE state = ?)', state);
  return { where: conditions.join(' AND '), values };
}
