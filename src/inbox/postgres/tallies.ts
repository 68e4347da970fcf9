/** Adds to the tallies that the replicas share, and takes away what is past its time. */
import { oldestMinuteKept, TALLY_PURGE_STEP, TALLY_STEPS, type TallyRow, TIMES_SECONDS } from '../tallies.ts';
import { bigintList, integerList, textList } from './binary-array.ts';
import type { Asked } from './connection.ts';

const PLACES = TIMES_SECONDS.length;
/** One statement takes so many. */
const ROWS_MOST = 500;
const SUMS = TIMES_SECONDS.map((_, at) => `known.times[${at + 1}] + excluded.times[${at + 1}]`);

export const ADD_TALLIES = {
  name: 'add_tallies',
  text: `INSERT INTO tallies AS known
    SELECT step, bucket, kind, subject, outcome, count, ($7::bigint[])[${PLACES} * nth - ${PLACES - 1} : ${PLACES} * nth]
    FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])
      WITH ORDINALITY AS given (step, bucket, kind, subject, outcome, count, nth)
    ORDER BY nth
    ON CONFLICT (step, bucket, kind, subject, outcome) DO UPDATE
    SET count = known.count + excluded.count, times = ARRAY[${SUMS.join(', ')}]`,
};

/** No two of the rows may have one key. All in one order: replicas that add at once wait for each other, and not in a circle. */
export async function addTallyRows(asked: Asked, rows: readonly TallyRow[]): Promise<void> {
  const inOrder = rows.toSorted((one, other) => (keyOfTally(one) < keyOfTally(other) ? -1 : 1));
  for (let from = 0; from < inOrder.length; from += ROWS_MOST) {
    const some = inOrder.slice(from, from + ROWS_MOST);
    const values = [
      integerList(some.map(({ step }) => step)),
      integerList(some.map(({ bucket }) => bucket)),
      textList(some.map(({ kind }) => kind)),
      textList(some.map(({ subject }) => subject)),
      textList(some.map(({ outcome }) => outcome)),
      bigintList(some.map(({ count }) => count)),
      bigintList(some.flatMap(({ times }) => times)),
    ];
    await asked.query({ ...ADD_TALLIES, values });
  }
}

function keyOfTally({ step, bucket, kind, subject, outcome }: TallyRow): string {
  return `${step} ${bucket} ${kind} ${subject} ${outcome}`;
}

export const PURGE_OLD_TALLIES = {
  name: 'purge_tallies',
  text: `DELETE FROM tallies WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tallies WHERE step = $1 AND bucket < $2 ORDER BY step, bucket LIMIT ${TALLY_PURGE_STEP}))`,
};

/** Answers whether there may be more. */
export async function purgeTallyRows(asked: Asked, now: number): Promise<boolean> {
  let more = false;
  for (const step of TALLY_STEPS) {
    const { rowCount } = await asked.query({
      ...PURGE_OLD_TALLIES,
      values: [step, oldestMinuteKept(step, now)],
    });
    more ||= (rowCount ?? 0) >= TALLY_PURGE_STEP;
  }
  return more;
}
