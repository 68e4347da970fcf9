/** Looks into a PostgreSQL inbox from beside the replicas that run. Opened by ../reader.ts. */
import type pg from 'pg';
import { ConfigError } from '../../base/errors.ts';
import type { Database, SecretUse } from '../contract.ts';
import { idOf, timeOfNumber } from '../event-id.ts';
import type {
  EventDetails,
  EventEvidence,
  EventProofs,
  EventSummary,
  Filter,
  InboxReader,
  PurgedEvent,
} from '../reader.ts';
import {
  type AttemptRow,
  attemptOf,
  type EventRow,
  type FinishedRow,
  iso,
  type OpenRow,
  type ProofsRow,
  proofsOf,
  summaryOf,
} from '../summary.ts';
import { connect } from './connection.ts';
import { type Moving, movingIn, movingProblem } from './moving.ts';

/** Replicas commit beside each other, and their clocks differ a little. */
const LATE_MS = 30_000;

type PostgresDatabase = Extract<Database, { kind: 'postgres' }>;

/** Undefined if nothing has been made there yet. Throws ConfigError while an inbox is being moved in. */
export async function openPostgresReader({
  url,
  place,
}: PostgresDatabase): Promise<PostgresReader | undefined> {
  const client = await connect(url).catch((error: Error) => fail(error, place));
  const reader = new PostgresReader(client, place);
  const isThere = await reader.isThere();
  const moving = isThere ? await reader.moving() : undefined;
  if (isThere && !moving) return reader;
  await reader.close();
  if (moving) throw new ConfigError([movingProblem(place, moving)]);
  return undefined;
}

export class PostgresReader implements InboxReader {
  readonly lateMs = LATE_MS;
  readonly #client: pg.Client;
  readonly #place: string;

  constructor(client: pg.Client, place: string) {
    this.#client = client;
    this.#place = place;
  }

  async isThere(): Promise<boolean> {
    const [row] = await this.#all<{ there: boolean }>("SELECT to_regclass('meta') IS NOT NULL AS there");
    return row?.there === true;
  }

  async moving(): Promise<Moving | undefined> {
    return await movingIn(this.#client).catch((error: Error) => fail(error, this.#place));
  }

  async id(): Promise<string> {
    const [row] = await this.#all<{ value: string }>("SELECT value FROM meta WHERE key = 'inbox'");
    return String(row?.value);
  }

  async list(filter: Filter): Promise<EventSummary[]> {
    const { where, values } = conditionsOf(filter);
    const order = filter.oldestFirst ? 'ASC' : 'DESC';
    return await this.#summaries(
      await this.#all<EventRow>(
        `SELECT ${SUMMARY} FROM inbox WHERE ${where} ORDER BY number ${order} LIMIT $${values.length + 1}`,
        [...values, filter.limit],
      ),
    );
  }

  async show(number: number): Promise<EventDetails | PurgedEvent | undefined> {
    const [row] = await this.#all<EventRow & { address: string; headers: string; body: Buffer }>(
      `SELECT ${SUMMARY}, address, headers, body FROM inbox WHERE number = $1`,
      [number],
    );
    if (!row) return await this.#purged(number);
    const [summary] = (await this.#summaries([row])) as [EventSummary];
    const attempts = await this.#all<AttemptRow>(
      `SELECT handler, attempt, started_at AS "startedAt", ms, outcome, error, status, output FROM attempts
        WHERE event = $1 ORDER BY started_at, handler COLLATE "C"`,
      [number],
    );
    const { address, headers, body } = row;
    return {
      ...summary,
      address,
      headers: JSON.parse(headers),
      body,
      attempts: attempts.map(attemptOf),
    };
  }

  async #purged(number: number): Promise<PurgedEvent | undefined> {
    const [row] = await this.#all('SELECT number FROM keys WHERE number = $1', [number]);
    if (!row) return undefined;
    return { number, id: idOf(number), receivedAt: iso(timeOfNumber(number)), purged: true };
  }

  async secretUses(): Promise<SecretUse[]> {
    return await this.#all<SecretUse>(
      `SELECT source, scheme, secret, form, count, last_at AS "lastAt" FROM secret_uses ORDER BY 1, 2, 4, 6`,
    );
  }

  async evidence(number: number): Promise<EventEvidence | undefined> {
    const [row] = await this.#all<ProofsRow & { digest: Buffer; body: Buffer }>(
      `SELECT ${PROOFS}, digest, body FROM inbox JOIN keys USING (number) WHERE number = $1`,
      [number],
    );
    return row && { ...proofsOf(row), digest: row.digest, body: row.body };
  }

  async proofs(numbers: readonly number[]): Promise<EventProofs[]> {
    const rows = await this.#all<ProofsRow>(
      `SELECT ${PROOFS} FROM inbox WHERE number = ANY($1::bigint[]) ORDER BY number DESC`,
      [numbers],
    );
    return rows.map(proofsOf);
  }

  async numbers(after: number, limit: number): Promise<number[]> {
    const rows = await this.#all<{ number: number }>(
      'SELECT number FROM inbox WHERE number > $1 ORDER BY number LIMIT $2',
      [after, limit],
    );
    return rows.map(({ number }) => number);
  }

  async newest(): Promise<number> {
    const [row] = await this.#all<{ number: number | null }>('SELECT max(number) AS number FROM inbox');
    return row?.number ?? 0;
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  async #summaries(rows: readonly EventRow[]): Promise<EventSummary[]> {
    const numbers = rows.map(({ number }) => number);
    const open = await this.#all<OpenRow & OfEvent>(
      `SELECT event, handler, state, attempts, due FROM work WHERE event = ANY($1::bigint[])
        ORDER BY handler COLLATE "C"`,
      [numbers],
    );
    const finished = await this.#all<FinishedRow & OfEvent>(
      `SELECT DISTINCT ON (event, handler COLLATE "C") event, handler, outcome AS state, attempt AS attempts
        FROM attempts WHERE event = ANY($1::bigint[]) AND outcome IN ('done', 'discarded')
        ORDER BY event, handler COLLATE "C", started_at DESC, attempt DESC`,
      [numbers],
    );
    const openOf = Map.groupBy(open, ({ event }) => event);
    const finishedOf = Map.groupBy(finished, ({ event }) => event);
    return rows.map((row) => summaryOf(row, openOf.get(row.number) ?? [], finishedOf.get(row.number) ?? []));
  }

  async #all<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    try {
      return (await this.#client.query<T>(sql, [...values])).rows;
    } catch (error) {
      return fail(error as Error, this.#place);
    }
  }
}

const SUMMARY = `number, received_at AS "receivedAt", source, type, external_id AS "externalId",
  octet_length(body) AS bytes, held`;
const PROOFS = 'number, source, received_at AS "receivedAt", address, evidence';

interface OfEvent {
  readonly event: number;
}

function conditionsOf({ source, type, state, after, except = [] }: Filter) {
  const conditions = ['true'];
  const values: unknown[] = [];
  const add = (condition: (value: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (source !== undefined) add((value) => `source = ${value}`, source);
  if (type !== undefined) add((value) => `type = ${value}`, type);
  if (after !== undefined) add((value) => `number > ${value}`, after);
  if (except.length > 0) add((value) => `number <> ALL(${value}::bigint[])`, except);
  if (state === 'done' || state === 'discarded') {
    conditions.push('NOT EXISTS (SELECT FROM work WHERE event = number)');
    add((value) => `EXISTS (SELECT FROM attempts WHERE event = number AND outcome = ${value})`, state);
  } else if (state !== undefined) {
    add((value) => `number IN (SELECT event FROM work WHERE state = ${value})`, state);
  }
  return { where: conditions.join(' AND '), values };
}

/** The driver's errors have names of their own, and some have a code for all their words. */
function fail(error: Error & { code?: string }, place: string): never {
  throw new Error(`PostgreSQL at ${place} cannot be read: ${error.message || error.code}`);
}
