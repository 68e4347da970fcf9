/**
 * Writes the rows of an inbox that is being moved in, and then compares what is stored with what was given. Called by
 * ../move.ts, after the beginning of move-in.ts and before its end. What is still to do goes into `moving_work`, where nobody
 * hands it out.
 */
import type pg from 'pg';
import type { DuplicateCount } from '../counts.ts';
import { inBatchSql } from '../event-id.ts';
import type { Mark, MovedAttempt, MovedBatch, MovedEvent, MovedList, MovedWork } from '../move-rows.ts';
import type { EventState } from '../newest.ts';
import {
  bigintList,
  bigintOrNullList,
  booleanList,
  bytesList,
  integerList,
  textList,
} from './binary-array.ts';
import { type Asked, atomically } from './connection.ts';

/** A column's type, and its values as one parameter. */
type Column<Row> = readonly [type: string, list: (rows: readonly Row[]) => Buffer];

const column =
  <Value>(type: string, encode: (values: readonly Value[]) => Buffer) =>
  <Row>(of: (row: Row) => Value): Column<Row> => [type, (rows) => encode(rows.map(of))];
const bigintColumn = column('bigint', bigintList);
const bigintOrNullColumn = column('bigint', bigintOrNullList);
const integerColumn = column('int', integerList);
const booleanColumn = column('boolean', booleanList);
const textColumn = column('text', textList);
const bytesColumn = column('bytea', bytesList);

const KEY: Readonly<Record<string, Column<MovedEvent>>> = {
  identity: bytesColumn(({ identity }) => identity),
  number: bigintColumn(({ number }) => number),
  digest: bytesColumn(({ digest }) => digest),
};

const EVENT: Readonly<Record<string, Column<MovedEvent>>> = {
  number: bigintColumn(({ number }) => number),
  received_at: bigintColumn(({ receivedAt }) => receivedAt),
  source: textColumn(({ source }) => source),
  type: textColumn(({ type }) => type),
  external_id: textColumn(({ externalId }) => externalId),
  is_json: booleanColumn(({ isJson }) => isJson),
  held: textColumn(({ held }) => held),
  address: textColumn(({ address }) => address),
  headers: textColumn(({ headers }) => headers),
  evidence: textColumn(({ evidence }) => evidence),
  body: bytesColumn(({ body }) => body),
};

const ATTEMPT: Readonly<Record<string, Column<MovedAttempt>>> = {
  event: bigintColumn(({ event }) => event),
  handler: textColumn(({ handler }) => handler),
  started_at: bigintColumn(({ startedAt }) => startedAt),
  attempt: integerColumn(({ attempt }) => attempt),
  ms: integerColumn(({ ms }) => ms),
  outcome: textColumn(({ outcome }) => outcome),
  error: textColumn(({ error }) => error),
  status: textColumn(({ status }) => status),
  output: textColumn(({ output }) => output),
};

const WORK: Readonly<Record<string, Column<MovedWork>>> = {
  event: bigintColumn(({ event }) => event),
  handler: textColumn(({ handler }) => handler),
  state: textColumn(({ state }) => state),
  attempts: integerColumn(({ attempts }) => attempts),
  due: bigintColumn(({ due }) => due),
  alone: booleanColumn(({ alone }) => alone),
  behind: booleanColumn(({ behind }) => behind),
  thing: bytesColumn(({ thing }) => thing),
  cause: textColumn(({ cause }) => cause),
  since: bigintOrNullColumn(({ since }) => since),
  batch: bigintOrNullColumn(({ batch }) => batch),
  item_at: bigintOrNullColumn(({ itemAt }) => itemAt),
  item_length: bigintOrNullColumn(({ itemLength }) => itemLength),
};

const LIST: Readonly<Record<string, Column<MovedList>>> = {
  event: bigintColumn(({ event }) => event),
  last: bigintColumn(({ last }) => last),
};

const STATE: Readonly<Record<string, Column<EventState>>> = {
  handler: textColumn(({ handler }) => handler),
  thing: bytesColumn(({ thing }) => thing),
  at: bigintColumn(({ at }) => at),
  event: bigintColumn(({ event }) => event),
  recorded_at: bigintColumn(({ recordedAt }) => recordedAt),
};

/** Writes a batch in one transaction. Rejects if one of its events is there already. */
export async function importBatch(client: pg.ClientBase, batch: MovedBatch): Promise<void> {
  await atomically(client, async () => {
    await importRows(client, 'keys', KEY, batch.events);
    const whole = batch.events.filter(({ body }) => body !== null);
    await importRows(client, 'inbox', EVENT, whole);
    await importRows(client, 'batches', LIST, batch.lists);
    await importRows(client, 'attempts', ATTEMPT, batch.attempts);
    await importRows(client, 'moving_work', WORK, batch.work);
    await importRows(client, 'newest', STATE, batch.newest);
  });
}

async function importRows<Row>(
  client: pg.ClientBase,
  table: string,
  columns: Readonly<Record<string, Column<Row>>>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const lists = Object.values(columns);
  const parameters = lists.map(([type], at) => `$${at + 1}::${type}[]`);
  await client.query({
    name: `move-${table}`,
    text: `INSERT INTO ${table} (${Object.keys(columns)}) SELECT * FROM unnest(${parameters})`,
    values: lists.map(([, list]) => list(rows)),
  });
}

/** Without statistics the database would look through whole tables for a few rows. */
export async function analyzeImported(client: pg.ClientBase): Promise<void> {
  await client.query('ANALYZE keys, inbox, batches, attempts, moving_work, newest');
}

const IS_OF_EVENT = inBatchSql('event', 'number', '(SELECT last FROM batches WHERE batches.event = number)');

interface StoredMark extends Omit<Mark, 'isPurged'> {
  /** The digest of the body as it is stored now; null if there is no body. */
  readonly actual: Buffer | null;
}

/**
 * The numbers of events that are not here as they were given: the key, the digest of the body, which the database computes
 * from what it has stored, or how many rows there are in the other tables.
 */
export async function differing(asked: Asked, marks: readonly Mark[]): Promise<number[]> {
  const { rows } = await asked.query<StoredMark>({
    name: 'move-stored',
    text: `SELECT number, digest, sha256(body) AS actual,
        (SELECT count(*) FROM attempts WHERE ${IS_OF_EVENT}) AS attempts,
        (SELECT count(*) FROM moving_work WHERE ${IS_OF_EVENT}) AS work,
        (SELECT count(*) FROM newest WHERE ${IS_OF_EVENT}) AS states
      FROM unnest($1::bigint[]) AS given (number) JOIN keys USING (number) LEFT JOIN inbox USING (number)`,
    values: [bigintList(marks.map(({ number }) => number))],
  });
  const stored = new Map(rows.map((row) => [row.number, row]));
  return marks.filter((mark) => !isStoredAsGiven(mark, stored.get(mark.number))).map(({ number }) => number);
}

function isStoredAsGiven({ digest, isPurged, ...counts }: Mark, row: StoredMark | undefined): boolean {
  if (!row?.digest.equals(digest)) return false;
  const hasBody = isPurged ? row.actual === null : row.actual?.equals(digest) === true;
  return (
    hasBody && row.attempts === counts.attempts && row.work === counts.work && row.states === counts.states
  );
}

export async function importDuplicates(
  client: pg.ClientBase,
  counts: readonly DuplicateCount[],
): Promise<void> {
  const sql = `INSERT INTO duplicates (event, count, last_at) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])`;
  const columns = [
    counts.map(({ event }) => event),
    counts.map(({ count }) => count),
    counts.map(({ lastAt }) => lastAt),
  ];
  await client.query(sql, columns.map(bigintList));
}
