/**
 * Writes the rows of an inbox that is being moved in. Called by ../move.ts, after the beginning of move-in.ts and before its
 * end. What is still to do goes into `moving_work`, where nobody hands it out.
 */
import type pg from 'pg';
import type { MovedAttempt, MovedBatch, MovedEvent, MovedWork } from '../move-rows.ts';
import type { EventState } from '../newest.ts';
import { bigintList, booleanList, bytesList, integerList, textList } from './binary-array.ts';
import { atomically } from './connection.ts';

/** A column's type, and its values as one parameter. */
type Column<Row> = readonly [type: string, list: (rows: readonly Row[]) => Buffer];

const column =
  <Value>(type: string, encode: (values: readonly Value[]) => Buffer) =>
  <Row>(of: (row: Row) => Value): Column<Row> => [type, (rows) => encode(rows.map(of))];
const bigint = column('bigint', bigintList);
const integer = column('int', integerList);
const boolean = column('boolean', booleanList);
const text = column('text', textList);
const bytes = column('bytea', bytesList);

const KEY: Readonly<Record<string, Column<MovedEvent>>> = {
  identity: bytes(({ identity }) => identity),
  number: bigint(({ number }) => number),
  digest: bytes(({ digest }) => digest),
};

const EVENT: Readonly<Record<string, Column<MovedEvent>>> = {
  number: bigint(({ number }) => number),
  received_at: bigint(({ receivedAt }) => receivedAt),
  source: text(({ source }) => source),
  type: text(({ type }) => type),
  external_id: text(({ externalId }) => externalId),
  is_json: boolean(({ isJson }) => isJson),
  held: text(({ held }) => held),
  address: text(({ address }) => address),
  headers: text(({ headers }) => headers),
  evidence: text(({ evidence }) => evidence),
  body: bytes(({ body }) => body),
};

const ATTEMPT: Readonly<Record<string, Column<MovedAttempt>>> = {
  event: bigint(({ event }) => event),
  handler: text(({ handler }) => handler),
  started_at: bigint(({ startedAt }) => startedAt),
  attempt: integer(({ attempt }) => attempt),
  ms: integer(({ ms }) => ms),
  outcome: text(({ outcome }) => outcome),
  error: text(({ error }) => error),
  status: text(({ status }) => status),
  output: text(({ output }) => output),
};

const WORK: Readonly<Record<string, Column<MovedWork>>> = {
  event: bigint(({ event }) => event),
  handler: text(({ handler }) => handler),
  state: text(({ state }) => state),
  attempts: integer(({ attempts }) => attempts),
  due: bigint(({ due }) => due),
  alone: boolean(({ alone }) => alone),
  behind: boolean(({ behind }) => behind),
  thing: bytes(({ thing }) => thing),
};

const STATE: Readonly<Record<string, Column<EventState>>> = {
  handler: text(({ handler }) => handler),
  thing: bytes(({ thing }) => thing),
  at: bigint(({ at }) => at),
  event: bigint(({ event }) => event),
};

/** In one transaction. Rejects if one of the events is there already. */
export async function importBatch(client: pg.ClientBase, batch: MovedBatch): Promise<void> {
  await atomically(client, async () => {
    await insertRows(client, 'keys', KEY, batch.events);
    const whole = batch.events.filter(({ body }) => body !== null);
    await insertRows(client, 'inbox', EVENT, whole);
    await insertRows(client, 'attempts', ATTEMPT, batch.attempts);
    await insertRows(client, 'moving_work', WORK, batch.work);
    await insertRows(client, 'newest', STATE, batch.newest);
  });
}

async function insertRows<Row>(
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
  await client.query('ANALYZE keys, inbox, attempts, moving_work, newest');
}
