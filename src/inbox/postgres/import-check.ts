/**
 * Says whether what was moved in is what was given: each key, the digest of each body, and how many rows each event has in
 * the other tables. The database hashes what it has stored. Called by ../move.ts, after import.ts.
 */
import type { Mark } from '../move-rows.ts';
import { bigintList } from './binary-array.ts';
import type { Asked } from './connection.ts';

interface StoredMark extends Omit<Mark, 'isPurged'> {
  /** The digest of the body as it is stored now; null if there is no body. */
  readonly actual: Buffer | null;
}

/** The numbers of events that are not here as they were given. */
export async function differing(asked: Asked, marks: readonly Mark[]): Promise<number[]> {
  const { rows } = await asked.query<StoredMark>({
    name: 'move-stored',
    text: `SELECT number, digest, sha256(body) AS actual,
        (SELECT count(*) FROM attempts WHERE event = number) AS attempts,
        (SELECT count(*) FROM moving_work WHERE event = number) AS work,
        (SELECT count(*) FROM newest WHERE event = number) AS states
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
