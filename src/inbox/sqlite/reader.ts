/**
 * Looks into an SQLite inbox from beside the running service: read-only, never in its way. For cli/.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { SecretUse, WorkState } from '../../inbox-contract.ts';
import type { Proof } from '../../types.ts';
import { idOf } from '../event-id.ts';

export interface EventSummary {
  readonly number: number;
  readonly id: string;
  readonly receivedAt: string;
  readonly source: string;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly bytes: number | null;
  readonly held: string | null;
  readonly handlers: readonly HandlerState[];
}

export interface HandlerState {
  readonly handler: string;
  readonly state: WorkState | 'done' | 'discarded';
  readonly attempts: number;
  /** For `pending`, when it is due. */
  readonly due: string | null;
}

export interface AttemptRecord {
  readonly handler: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly ms: number;
  readonly outcome: string;
  readonly error: string | null;
  /** What the handler recorded: `503` or `exit 1`, and the beginning of what the other side said. */
  readonly status: string | null;
  readonly output: string | null;
}

export interface EventDetails extends EventSummary {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: Buffer | null;
  readonly attempts: readonly AttemptRecord[];
}

export interface EventEvidence {
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  /** SHA-256 of the bytes as they were stored. */
  readonly digest: Buffer;
  readonly body: Buffer;
  readonly proofs: readonly Proof[];
}

export interface Filter {
  readonly source?: string;
  readonly type?: string;
  readonly state?: string;
  readonly after?: number;
  readonly limit: number;
  readonly oldestFirst?: boolean;
}

export class InboxReader {
  readonly #database: DatabaseSync;

  /** Throws if the file is not there. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  }

  id(): string {
    const row = this.#database.prepare("SELECT value FROM meta WHERE key = 'inbox'").get();
    return String(row?.value);
  }

  list(filter: Filter): EventSummary[] {
    const { where, values } = conditionsOf(filter);
    const order = filter.oldestFirst ? 'ASC' : 'DESC';
    const rows = this.#database
      .prepare(`SELECT ${SUMMARY} FROM inbox WHERE ${where} ORDER BY number ${order} LIMIT ?`)
      .all(...values, filter.limit);
    return rows.map((row) => this.#summary(row as unknown as Row));
  }

  show(number: number): EventDetails | undefined {
    const row = this.#database
      .prepare(`SELECT ${SUMMARY}, address, headers, body FROM inbox WHERE number = ?`)
      .get(number) as
      | (Row & { address: string; headers: string | null; body: Uint8Array | null })
      | undefined;
    if (!row) return undefined;
    const attempts = this.#database
      .prepare(`SELECT handler, attempt, started_at AS startedAt, ms, outcome, error, status, output FROM attempts
        WHERE event = ? ORDER BY started_at, handler`)
      .all(number) as unknown as (Omit<AttemptRecord, 'startedAt'> & { startedAt: number })[];
    return {
      ...this.#summary(row),
      address: row.address,
      headers: row.headers === null ? null : JSON.parse(row.headers),
      body: row.body === null ? null : Buffer.from(row.body),
      attempts: attempts.map((attempt) => ({ ...attempt, startedAt: iso(attempt.startedAt) })),
    };
  }

  /** Which live secrets have proved requests, by fingerprint. */
  secretUses(): SecretUse[] {
    return this.#database
      .prepare(
        'SELECT source, scheme, secret, form, count, last_at AS lastAt FROM secret_uses ORDER BY 1, 2, 4, 6',
      )
      .all() as unknown as SecretUse[];
  }

  /** What is needed to check an event's bytes and signature again; undefined once it is purged. */
  evidence(number: number): EventEvidence | undefined {
    const row = this.#database
      .prepare(`SELECT source, received_at AS receivedAt, address, digest, evidence, body FROM inbox
        WHERE number = ? AND body IS NOT NULL`)
      .get(number) as
      | (Omit<EventEvidence, 'proofs' | 'digest' | 'body'> & {
          digest: Uint8Array;
          body: Uint8Array;
          evidence: string | null;
        })
      | undefined;
    if (!row) return undefined;
    const { digest, body, evidence, ...rest } = row;
    return {
      ...rest,
      digest: Buffer.from(digest),
      body: Buffer.from(body),
      proofs: JSON.parse(evidence ?? '[]') as Proof[],
    };
  }

  /** Numbers behind one, in order, of events that have a body. */
  numbers(after: number, limit: number): number[] {
    const rows = this.#database
      .prepare('SELECT number FROM inbox WHERE number > ? AND body IS NOT NULL ORDER BY number LIMIT ?')
      .all(after, limit);
    return rows.map(({ number }) => number as number);
  }

  newest(): number {
    return Number(this.#database.prepare('SELECT max(number) AS n FROM inbox').get()?.n ?? 0);
  }

  close(): void {
    this.#database.close();
  }

  #summary(row: Row): EventSummary {
    const { number, receivedAt, ...rest } = row;
    const { source, type, externalId, bytes, held } = rest;
    const base = {
      number,
      id: idOf(number),
      receivedAt: iso(receivedAt),
      source,
      type,
      externalId,
      bytes,
      held,
    };
    return { ...base, handlers: this.#statesOf(number) };
  }

  /** What is open stands in `work`; what is finished, in the last attempt. */
  #statesOf(number: number): HandlerState[] {
    const open = this.#database
      .prepare('SELECT handler, state, attempts, due FROM work WHERE event = ? ORDER BY handler')
      .all(number) as unknown as { handler: string; state: WorkState; attempts: number; due: number }[];
    const finished = this.#database
      .prepare(`SELECT handler, outcome AS state, attempt AS attempts, max(started_at) FROM attempts
        WHERE event = ? AND outcome IN ('done', 'discarded') GROUP BY handler`)
      .all(number) as unknown as { handler: string; state: 'done' | 'discarded'; attempts: number }[];
    return [
      ...open.map(({ due, ...work }) => ({
        ...work,
        due: work.state === 'pending' && due > 0 ? iso(due) : null,
      })),
      ...finished
        .filter(({ handler }) => !open.some((work) => work.handler === handler))
        .map(({ handler, state, attempts }) => ({ handler, state, attempts, due: null })),
    ];
  }
}

const SUMMARY = `number, received_at AS receivedAt, source, type, external_id AS externalId,
  length(body) AS bytes, held`;

interface Row {
  readonly number: number;
  readonly receivedAt: number;
  readonly source: string;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly bytes: number | null;
  readonly held: string | null;
}

function conditionsOf({ source, type, state, after }: Filter): { where: string; values: SQLInputValue[] } {
  const conditions = ['1'];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...more: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (source !== undefined) add('source = ?', source);
  if (type !== undefined) add('type = ?', type);
  if (after !== undefined) add('number > ?', after);
  if (state === 'done' || state === 'discarded') {
    add('number NOT IN (SELECT event FROM work)');
    add('number IN (SELECT event FROM attempts WHERE outcome = ?)', state);
  } else if (state !== undefined) add('number IN (SELECT event FROM work WHERE state = ?)', state);
  return { where: conditions.join(' AND '), values };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
