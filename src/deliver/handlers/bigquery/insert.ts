/**
 * Makes the row of an event, inserts rows together and tells the fate of each. Called by bigquery.ts and its batcher.
 *
 * `ts` is the arrival in UTC, `2026-01-31 23:59:59.123`, which a DATETIME and a TIMESTAMP column both take. `payload` is
 * the body as text, without a byte order mark before it.
 *
 * Google answers 200 and lists the rows that it refused; those that it does not list are in the table. A row with the reason
 * `stopped` was held up by another, and is sent again without it. A request that is too large is sent in halves.
 */
import { jsonStartOf } from '../../../base/json-text.ts';
import type { WebhookEvent } from '../../../verify/event.ts';
import { type AttemptResult, Declined, Unavailable } from '../../handler.ts';
import {
  answerOf,
  type GoogleAnswer,
  type HintByStatus,
  resultOf,
  unavailable,
  withHint,
} from '../google.ts';

export type TableRow = ReturnType<typeof rowOf>;

export interface Fate {
  readonly result: AttemptResult;
  /** Undefined: the row is in the table. */
  readonly error?: Error;
}

export type Fates = ReadonlyMap<TableRow, Fate>;

/** Resolves if all were taken; throws what the library throws. */
export type Send = (rows: readonly TableRow[]) => Promise<unknown>;

type RowError = Partial<Readonly<Record<'reason' | 'message' | 'location', string>>>;

type Refusals = readonly { readonly index: number; readonly errors?: readonly RowError[] }[];

/** What the library throws when rows were refused. */
interface PartialFailure {
  readonly name: 'PartialFailureError';
  readonly response: { readonly insertErrors: Refusals };
}

export const INSERT_HINTS: HintByStatus = {
  401: 'Look at the credentials: keyFile, or GOOGLE_APPLICATION_CREDENTIALS.',
  403: 'The account needs the role BigQuery Data Editor on the dataset.',
  404: 'Run `npm run setup`, which creates the table.',
};
const COLUMN_HINT = 'Run `npm run setup`, which adds the missing columns.';
const DONE: Fate = { result: { status: 200 } };
const TOO_LARGE = /payload size exceeds|too large/i;
const NO_COLUMN = /no such field/i;
/** Refusals that are not about the row. */
const PASSING = ['timeout', 'backendError', 'internalError', 'rateLimitExceeded', 'quotaExceeded'];

export function rowOf({ id, receivedAt, source, type, body }: WebhookEvent) {
  const ts = receivedAt.toISOString().replace('T', ' ').replace('Z', '');
  const columns = { id, ts, source, type, payload: body.toString('utf8', jsonStartOf(body)) };
  // The library replaces `{{projectId}}` in every text that it finds. Behind a function it finds none.
  return { insertId: id, json: { toJSON: () => columns } };
}

/** How many bytes it takes in a request. */
export function bytesOf(row: TableRow): number {
  return Buffer.byteLength(JSON.stringify(row));
}

export async function insertRows(rows: readonly TableRow[], send: Send): Promise<Fates> {
  if (rows.length === 0) return new Map();
  try {
    await send(rows);
    return all(rows, DONE);
  } catch (thrown) {
    if (isPartial(thrown)) return settleEach(rows, thrown.response.insertErrors, send);
    const answer = answerOf(thrown);
    if (isTooLarge(answer) && rows.length > 1) return insertHalves(rows, send);
    const error = isTooLarge(answer)
      ? new Declined(`Google answered ${answer.status}: ${answer.message}`)
      : unavailable(answer, INSERT_HINTS);
    return all(rows, { result: resultOf(answer), error });
  }
}

function all(rows: readonly TableRow[], fate: Fate): Fates {
  return new Map(rows.map((row) => [row, fate]));
}

async function settleEach(rows: readonly TableRow[], refusals: Refusals, send: Send): Promise<Fates> {
  const refused = new Map(refusals.map(({ index, errors }) => [rows[index], errors?.[0] ?? {}]));
  const stopped = rows.filter((row) => refused.get(row)?.reason === 'stopped');
  const others = rows.filter((row) => !stopped.includes(row));
  const fates = others.map((row): [TableRow, Fate] => [row, fateOf(refused.get(row))]);
  // If all were stopped, nothing says which row is at fault. Smaller requests find it; one that is alone and stopped is refused.
  const again = others.length > 0 ? await insertRows(stopped, send) : await insertHalves(rows, send);
  return new Map([...fates, ...again]);
}

async function insertHalves(rows: readonly TableRow[], send: Send): Promise<Fates> {
  if (rows.length === 1) return all(rows, fateOf({ reason: 'stopped' }));
  const middle = Math.ceil(rows.length / 2);
  const first = await insertRows(rows.slice(0, middle), send);
  return new Map([...first, ...(await insertRows(rows.slice(middle), send))]);
}

function fateOf(refusal: RowError | undefined): Fate {
  if (refusal === undefined) return DONE;
  const { reason = 'refused', message = '', location = '' } = refusal;
  const words = message.includes(location) ? message || reason : `${location}: ${message || reason}`;
  return { result: { status: reason, output: words }, error: refusalError(reason, words) };
}

function refusalError(reason: string, words: string): Error {
  const said = `BigQuery refuses the row: ${words}`;
  if (PASSING.includes(reason)) return new Unavailable(said);
  if (!NO_COLUMN.test(words)) return new Declined(said);
  // It is tried as often as the handler allows: once the columns are there, the row is taken.
  return new Declined(withHint(said, COLUMN_HINT), Number.MAX_SAFE_INTEGER);
}

function isTooLarge({ status, message }: GoogleAnswer): boolean {
  return status === 413 || (status === 400 && TOO_LARGE.test(message));
}

function isPartial(thrown: unknown): thrown is PartialFailure {
  return (thrown as Partial<PartialFailure>)?.name === 'PartialFailureError';
}
