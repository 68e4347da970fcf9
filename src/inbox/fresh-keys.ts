/**
 * What a search by key needs to know of events that have no search keys yet: up to where there are some, and which of the newest
 * ones behind have the key that is asked for. Called by search.ts.
 */
import { declaredKeys, type StoredBody, searchKeyOf, searchKeysOf } from './search-keys.ts';
import type { Selection } from './selection.ts';
import type { SelectionTables, SqlValue } from './selection-sql.ts';
import type { StoredSource } from './stored-source.ts';

export interface SearchTables extends SelectionTables {
  /** Parameters stand as $1, $2, … in the text. */
  all<Row>(sql: string, ...values: readonly SqlValue[]): Promise<Row[]>;
}

/** So many are looked at, one by one. */
const LOOKS = 10_000;

/** The number up to which events are indexed by what the sources declare now; 0 if none is. */
export async function readIndexedTo(tables: SearchTables, sources: ReadonlyMap<string, StoredSource>) {
  const [progress] = await tables.all<{ indexedTo: number }>(
    'SELECT indexed_to AS "indexedTo" FROM search_progress WHERE declared = $1',
    declaredKeys(sources),
  );
  return progress?.indexedTo ?? 0;
}

/** `found`: numbers of events with that key. `unseenFrom`: not all events from there on were looked at. */
export async function findFresh(
  tables: SearchTables,
  { key }: Selection,
  sources: ReadonlyMap<string, StoredSource>,
): Promise<{ found: readonly number[]; unseenFrom?: number }> {
  const isDeclared = sources.values().some(({ keys = {} }) => Object.keys(keys).length > 0);
  if (key === undefined || !isDeclared) return { found: [] };
  const indexedTo = await readIndexedTo(tables, sources);
  const rows = await tables.all<StoredBody & { number: number }>(
    `SELECT number, source, body FROM inbox WHERE number > $1 AND body IS NOT NULL ORDER BY number DESC LIMIT ${LOOKS}`,
    indexedTo,
  );
  const wanted = searchKeyOf(key);
  const found = rows.filter((row) => searchKeysOf(row, sources).includes(wanted)).map(({ number }) => number);
  return rows.length < LOOKS ? { found } : { found, unseenFrom: indexedTo };
}

/** For tests, which look at how they find their rows. */
export const KEY_QUERIES = {
  days: 'SELECT day FROM search_days',
  newest: 'SELECT event FROM search_keys WHERE day = $1 AND key = $2 ORDER BY event DESC LIMIT $3',
} as const;

/** The newest events that are indexed under a value, newest first: day by day, so that however many have it, few rows are read. */
export async function readNewestByKey(tables: SearchTables, value: string, limit: number): Promise<number[]> {
  const days = await tables.all<{ day: number }>(KEY_QUERIES.days);
  const found: number[] = [];
  for (const { day } of days.toSorted((one, other) => other.day - one.day)) {
    const left = limit - found.length;
    if (left === 0) break;
    const rows = await tables.all<{ event: number }>(KEY_QUERIES.newest, day, searchKeyOf(value), left);
    found.push(...rows.map(({ event }) => event));
  }
  return found;
}
