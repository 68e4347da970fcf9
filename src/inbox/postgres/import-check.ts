/**
 * Whether what was moved in is what was given: each key, the digest of each body, how many rows there are of the rest, and
 * what is known of things. The database hashes what it has stored. For ../move.ts, after import.ts.
 */
import type { Mark, MovedState } from '../move-rows.ts';
import { bigintList } from './binary-array.ts';
import { listsOf, STATES } from './import.ts';
import type { Asked } from './statements.ts';

interface Stored extends Pick<Mark, 'number' | 'digest' | 'attempts' | 'work'> {
  /** Of the body. */
  readonly actual: Buffer | null;
}

/** The numbers of events that are not here as they were given. */
export async function differing(asked: Asked, marks: readonly Mark[]): Promise<number[]> {
  const { rows } = await asked.query<Stored>({
    name: 'move-stored',
    text: `SELECT number, digest, sha256(body) AS actual,
        (SELECT count(*) FROM attempts WHERE event = number) AS attempts,
        (SELECT count(*) FROM moving_work WHERE event = number) AS work
      FROM unnest($1::bigint[]) AS given (number) JOIN keys USING (number) LEFT JOIN inbox USING (number)`,
    values: [bigintList(marks.map(({ number }) => number))],
  });
  const stored = new Map(rows.map((row) => [row.number, row]));
  return marks.filter((mark) => !isSame(mark, stored.get(mark.number))).map(({ number }) => number);
}

function isSame({ digest, isPurged, attempts, work }: Mark, row: Stored | undefined): boolean {
  if (!row?.digest.equals(digest)) return false;
  const hasBody = isPurged ? row.actual === null : row.actual?.equals(digest) === true;
  return hasBody && row.attempts === attempts && row.work === work;
}

/** The numbers of events of whose things neither this nor a newer state is known. */
export async function unknownOf(asked: Asked, states: readonly MovedState[]): Promise<number[]> {
  const { rows } = await asked.query<{ event: number }>(
    `SELECT event FROM ${STATES} WHERE NOT EXISTS (SELECT FROM newest AS known
       WHERE known.handler = given.handler AND known.thing = given.thing
         AND (known.at, known.event) >= (given.at, given.event))`,
    listsOf(states),
  );
  return rows.map(({ event }) => event);
}
