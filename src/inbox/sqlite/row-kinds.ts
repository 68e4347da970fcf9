/**
 * The kinds of rows that are in an inbox: how each is known by what is in it, and where it goes. For rescue.ts, which finds rows
 * without knowing their tables.
 */
import { isOpen } from '../event-states.ts';
import { ITEMS_SPAN } from '../items.ts';
import { MARK_KEYS } from '../migration-files.ts';
import type { RecordValue } from './records.ts';
import { TALLY_ROWS } from './tallies.ts';

export type RowValues = readonly RecordValue[];

/** Of a kind of rows: how to know them, and where they go. Columns that an earlier version had not are filled up with `rest`. */
export interface RowKind {
  readonly insert: string;
  readonly columns: number;
  readonly rest?: RowValues;
  /** Where the number of an event stands. */
  readonly eventAt?: number;
  is(values: RowValues): boolean;
}

/** The new inbox has its own schema. */
const MARKS: readonly unknown[] = Object.values(MARK_KEYS);

const isText = (value: RecordValue | undefined) => typeof value === 'string';
const isNumber = (value: RecordValue | undefined) => typeof value === 'number';
const isTextOrNull = (value: RecordValue | undefined) => value === null || isText(value);
export const isBytes = (value: RecordValue | undefined) => Buffer.isBuffer(value);

/** Without the number, which stands apart. */
export const EVENT: RowKind = {
  insert: `INSERT OR IGNORE INTO inbox (number, received_at, source, identity, digest, type, external_id, is_json, held,
    address, headers, body, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  columns: 13,
  rest: [null],
  is: ([number, receivedAt, source, identity, digest, type, externalId, isJson, held, address, headers]) =>
    number === null &&
    isNumber(receivedAt) &&
    [source, address].every(isText) &&
    [identity, digest].every(isBytes) &&
    isNumber(isJson) &&
    [type, externalId, held, headers].every(isTextOrNull),
};

/** Without its number, too. */
export const BATCH: RowKind = {
  insert: 'INSERT OR IGNORE INTO batches (event, last) VALUES (?, ?)',
  columns: 2,
  is: ([number, last]) => number === null && isNumber(last),
};

/** Whether two numbers can be those of an event and of its last item. */
export function isBatch(event: number, last: RecordValue | undefined): boolean {
  return typeof last === 'number' && last > event && last <= event + ITEMS_SPAN;
}

export const OTHERS: readonly RowKind[] = [
  {
    insert: `INSERT OR REPLACE INTO work
      (event, handler, state, attempts, due, alone, thing, behind, cause, since, batch, item_at, item_length)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    columns: 13,
    rest: [null, 0, null, null, null, null, null],
    eventAt: 0,
    is: ([event, handler, state, attempts, due, alone]) =>
      isText(handler) && isOpen(state) && [event, attempts, due, alone].every(isNumber),
  },
  {
    insert: `INSERT OR REPLACE INTO attempts (event, handler, started_at, attempt, ms, outcome, error, status, output)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    columns: 9,
    rest: [null, null],
    eventAt: 0,
    is: ([event, handler, startedAt, attempt, ms, outcome]) =>
      [handler, outcome].every(isText) && [event, startedAt, attempt, ms].every(isNumber),
  },
  {
    insert: 'INSERT OR REPLACE INTO newest (handler, thing, at, event, recorded_at) VALUES (?, ?, ?, ?, ?)',
    columns: 5,
    rest: [0],
    eventAt: 3,
    is: ([handler, thing, at, event]) => isText(handler) && isBytes(thing) && [at, event].every(isNumber),
  },
  {
    insert: `INSERT OR REPLACE INTO secret_uses (source, scheme, secret, form, count, last_at)
      VALUES (?, ?, ?, ?, ?, ?)`,
    columns: 6,
    is: (values) => values.slice(0, 4).every(isText) && values.slice(4).every(isNumber),
  },
  {
    insert: `INSERT OR REPLACE INTO causes (handler, cause, sample, first_at, last_at, seen) VALUES (?, ?, ?, ?, ?, ?)`,
    columns: 6,
    is: (values) => values.slice(0, 3).every(isText) && values.slice(3).every(isNumber),
  },
  // The rows of `actions` are not taken along: what was ordered of an inbox that is damaged is ordered anew, of what is left.
  {
    insert: 'INSERT OR REPLACE INTO pauses (name, since, who, reason) VALUES (?, ?, ?, ?)',
    columns: 4,
    is: ([name, since, who, reason]) => [name, who, reason].every(isText) && isNumber(since),
  },
  {
    insert: 'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)',
    columns: 2,
    is: (values) => values.every(isText) && !MARKS.includes(values[0]),
  },
  TALLY_ROWS,
];

export function looksLike(kind: RowKind, values: RowValues): boolean {
  return (
    values.length <= kind.columns &&
    values.length >= kind.columns - (kind.rest?.length ?? 0) &&
    kind.is(values)
  );
}

export function whole({ columns, rest = [] }: RowKind, values: RowValues): RecordValue[] {
  return [...values, ...rest.slice(values.length - columns + rest.length)];
}
