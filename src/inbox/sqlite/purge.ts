/**
 * Retention of an SQLite inbox, one bounded step at a time: first the tallies, then the events, then the search keys that
 * those leave behind. The
 * rule is Inbox.purge of ../contract.ts. Part of store.ts, which asks for nothing while the clock is in doubt.
 */
import type { DatabaseSync } from 'node:sqlite';
import { DUPLICATES_PURGE_STEP } from '../counts.ts';
import { firstNumberAt } from '../event-id.ts';
import { transact } from '../sqlite-file.ts';
import type { KeyIndex } from './key-index.ts';
import type { Statements } from './statements.ts';
import { purgeTallies } from './tallies.ts';

const PURGE_STEP = 500;

export class FilePurge {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #keys: KeyIndex;
  #cursor = 0;
  #isAtKeys = false;

  constructor(database: DatabaseSync, sql: Statements, keys: KeyIndex) {
    this.#database = database;
    this.#sql = sql;
    this.#keys = keys;
  }

  step(eventsBefore: number, keysBefore: number, now: number): { removed: number; more: boolean } {
    const begins = this.#cursor === 0 && !this.#isAtKeys;
    if (begins && transact(this.#database, () => purgeTallies(this.#sql, now)))
      return { removed: 0, more: true };
    if (begins) this.#sql.purgeActions.run(eventsBefore);
    if (begins && this.#purgesDuplicates(firstNumberAt(eventsBefore))) return { removed: 0, more: true };
    const removed = this.#isAtKeys
      ? 0
      : this.#purgeEvents(firstNumberAt(eventsBefore), firstNumberAt(keysBefore));
    if (this.#cursor > 0) return { removed, more: true };
    this.#isAtKeys = this.#keys.purge(firstNumberAt(eventsBefore));
    return { removed, more: this.#isAtKeys };
  }

  /** Whether there may be more. */
  #purgesDuplicates(before: number): boolean {
    return Number(this.#sql.purgeDuplicates.run({ $1: before }).changes) >= DUPLICATES_PURGE_STEP;
  }

  #purgeEvents(eventsBefore: number, keysBefore: number): number {
    const sql = this.#sql;
    let removed = 0;
    const rows = transact(this.#database, () => {
      const step = sql.purgeable.all(this.#cursor, eventsBefore, PURGE_STEP);
      for (const { number, busy, purged } of step) {
        const keyToo = number < keysBefore;
        if (busy === 1 || (purged === 1 && !keyToo)) continue;
        // An event's key stands in its own row.
        if (keyToo) sql.deleteEvent.run(number);
        else sql.stripEvent.run(number);
        const last = sql.lastOfBatch.get(number)?.last ?? number;
        sql.deleteAttempts.run(number, last);
        sql.forgetNewest.run(number, last);
        if (last > number) sql.deleteBatch.run(number);
        removed++;
      }
      return step;
    });
    this.#cursor = rows.length === PURGE_STEP ? (rows.at(-1)?.number ?? 0) : 0;
    return removed;
  }
}
