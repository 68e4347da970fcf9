/**
 * The tallies in an SQLite inbox: added to, and taken away once they are past their time, as parts of a transaction of store.ts;
 * below, read for a move, and known again by a rescue.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepareQuery } from '../sqlite-file.ts';
import {
  bytesOfTimes,
  type MinuteTally,
  oldestMinuteKept,
  rowsOfTallies,
  sumOfTimes,
  TALLY_KINDS,
  TALLY_PURGE_STEP,
  TALLY_STEPS,
  type TallyRow,
  timesOf,
} from '../tallies.ts';
import type { RowKind } from './row-kinds.ts';

const TALLY_KEY = 'step, bucket, kind, subject, outcome';
export const PURGE_TALLIES = `DELETE FROM tallies WHERE (${TALLY_KEY}) IN
  (SELECT ${TALLY_KEY} FROM tallies WHERE step = ? AND bucket < ? ORDER BY bucket LIMIT ${TALLY_PURGE_STEP})`;

/** The statements for it, which statements.ts has beside the others. */
export function ofTallies(database: DatabaseSync) {
  return {
    tallyOf: prepareQuery<{ count: number; times: Uint8Array }>(
      database,
      `SELECT count, times FROM tallies WHERE (${TALLY_KEY}) = (?, ?, ?, ?, ?)`,
    ),
    setTally: database.prepare(TALLY_ROWS.insert),
    purgeTallies: database.prepare(PURGE_TALLIES),
  };
}

type TallyStatements = ReturnType<typeof ofTallies>;

/** Histograms are bytes, which SQL cannot add; nobody else writes meanwhile. */
export function addTallies(sql: TallyStatements, tallies: readonly MinuteTally[]): void {
  for (const { step, bucket, kind, subject, outcome, count, times } of rowsOfTallies(tallies)) {
    const known = sql.tallyOf.get(step, bucket, kind, subject, outcome);
    const sum = known ? sumOfTimes(times, timesOf(known.times)) : times;
    sql.setTally.run(step, bucket, kind, subject, outcome, count + (known?.count ?? 0), bytesOfTimes(sum));
  }
}

/** Answers whether there may be more. */
export function purgeTallies(sql: TallyStatements, now: number): boolean {
  const gone = TALLY_STEPS.map((step) => sql.purgeTallies.run(step, oldestMinuteKept(step, now)).changes);
  return gone.some((count) => Number(count) >= TALLY_PURGE_STEP);
}

const ROWS_AT_ONCE = 500;

/** All of them, some at a time. */
export function* talliesIn(database: DatabaseSync): Generator<TallyRow[]> {
  const stored = database.prepare('SELECT * FROM tallies').iterate() as Iterable<
    Omit<TallyRow, 'times'> & { readonly times: Uint8Array }
  >;
  let rows: TallyRow[] = [];
  for (const { times, ...row } of stored) {
    if (rows.push({ ...row, times: timesOf(times) }) < ROWS_AT_ONCE) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

export const TALLY_ROWS: RowKind = {
  insert: `INSERT OR REPLACE INTO tallies (step, bucket, kind, subject, outcome, count, times)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  columns: 7,
  is: ([step, bucket, kind, subject, outcome, count, times]) =>
    TALLY_STEPS.some((one) => one === step) &&
    TALLY_KINDS.some((one) => one === kind) &&
    [bucket, count].every((value) => typeof value === 'number') &&
    [subject, outcome].every((value) => typeof value === 'string') &&
    Buffer.isBuffer(times),
};
