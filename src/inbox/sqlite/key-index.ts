/**
 * Writes the search keys of an SQLite inbox, after the fact, and takes away those of events that are purged. Called by store.ts
 * in the inbox thread, when there is nothing better to do (../indexing.ts).
 *
 * A step reads for a few milliseconds. What it finds is gathered, and written in the order of the index once it is worth a
 * transaction, or all events have been looked at. The progress is written with the keys, so it may end anywhere.
 */
import type { DatabaseSync } from 'node:sqlite';
import { firstNumberAt } from '../event-id.ts';
import {
  dayOfNumber,
  type IndexedKey,
  indexedKeysOf,
  inIndexOrder,
  KEYS_BODY_MOST,
  progressAt,
  type StoredBody,
} from '../search-keys.ts';
import { prepareQuery, transact } from '../sqlite-file.ts';
import type { StoredSource } from '../stored-source.ts';

const READ_MS = 4;
const READ_EVENTS = 200;
const WRITE_KEYS = 2_000;
const PURGE_STEP = 1_000;
const FIRST: IndexedKey = { day: -1, key: 0, event: 0 };

interface Looked extends StoredBody {
  readonly number: number;
}

export class KeyIndex {
  readonly #database: DatabaseSync;
  readonly #sources: ReadonlyMap<string, StoredSource>;
  readonly #declared: string;
  readonly #sql: ReturnType<typeof statementsOfKeys>;
  #gathered: IndexedKey[] = [];
  #lookedTo: number | undefined;
  #purgedTo = FIRST;

  /** `declared`: what the sources declare (../search-keys.ts). */
  constructor(database: DatabaseSync, sources: ReadonlyMap<string, StoredSource>, declared: string) {
    this.#database = database;
    this.#sources = sources;
    this.#declared = declared;
    this.#sql = statementsOfKeys(database);
  }

  /** Events whose number is of a time after `now` wait for it: they have a wrong clock's. */
  step(now: number): 'more' | 'end' {
    const written = this.#sql.progress.get(this.#declared)?.indexedTo;
    const from = progressAt(this.#lookedTo ?? written, now);
    const rows = this.#read(from, firstNumberAt(now + 1));
    this.#gathered.push(...indexedKeysOf(rows, this.#sources));
    const to = rows.at(-1)?.number ?? from;
    this.#lookedTo = to;
    const isWorthIt = this.#gathered.length >= WRITE_KEYS || rows.length === 0;
    if (isWorthIt && to > 0 && to !== written) this.#write(to);
    return rows.length > 0 ? 'more' : 'end';
  }

  /** Takes away what belongs to purged events of the days before that number. Answers whether there is more to look at. */
  purge(before: number): boolean {
    const { day, key, event } = this.#purgedTo;
    const step = this.#sql.old.all(day, key, event, dayOfNumber(before), PURGE_STEP);
    const gone = step.filter(({ isKept }) => isKept === 0);
    if (gone.length > 0)
      transact(this.#database, () => {
        for (const row of gone) this.#sql.remove.run(row.day, row.key, row.event);
      });
    const more = step.length === PURGE_STEP;
    this.#purgedTo = (more && step.at(-1)) || FIRST;
    return more;
  }

  #read(after: number, before: number): Looked[] {
    const began = performance.now();
    const rows: Looked[] = [];
    for (const row of this.#sql.read.iterate(after, before, READ_EVENTS) as Iterable<Looked>) {
      rows.push(row);
      if (performance.now() - began > READ_MS) break;
    }
    return rows;
  }

  #write(to: number): void {
    const keys = inIndexOrder(this.#gathered);
    transact(this.#database, () => {
      for (const { day, key, event } of keys) this.#sql.insert.run(day, key, event);
      this.#sql.setProgress.run(this.#declared, to);
    });
    this.#gathered = [];
  }
}

function statementsOfKeys(database: DatabaseSync) {
  return {
    read: database.prepare(`SELECT number, source,
      CASE WHEN length(body) <= ${KEYS_BODY_MOST} THEN body END AS body FROM inbox WHERE number > ? AND number < ? ORDER BY number LIMIT ?`),
    progress: prepareQuery<{ indexedTo: number }>(
      database,
      'SELECT indexed_to AS indexedTo FROM search_progress WHERE declared = ?',
    ),
    setProgress: database.prepare(`INSERT INTO search_progress (declared, indexed_to) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET indexed_to = excluded.indexed_to`),
    insert: database.prepare('INSERT OR IGNORE INTO search_keys (day, key, event) VALUES (?, ?, ?)'),
    old: prepareQuery<IndexedKey & { isKept: number }>(
      database,
      `SELECT day, key, event, EXISTS (SELECT 1 FROM inbox WHERE number = event AND body IS NOT NULL) AS isKept
       FROM search_keys WHERE (day, key, event) > (?, ?, ?) AND day < ? ORDER BY day, key, event LIMIT ?`,
    ),
    remove: database.prepare('DELETE FROM search_keys WHERE day = ? AND key = ? AND event = ?'),
  };
}
