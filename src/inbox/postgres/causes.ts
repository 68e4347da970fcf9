/**
 * Writing down why attempts failed. All replicas write the same few rows, so each gathers what it has seen, and adds it once a
 * second at most; a cause that this replica has not seen before is written at once. What a killed replica had gathered is not
 * counted; its events have their cause.
 */
import type pg from 'pg';
import { CAUSES_MAX, CAUSES_PAST_MAX, type CauseRow } from '../cause.ts';
import type { Settlement } from '../contract.ts';
import { bigintList, textList } from './binary-array.ts';
import type { Asked } from './connection.ts';

const WRITE_MS = 1_000;
const KNOWN_MAX = 2 * CAUSES_MAX;

export class Causes {
  readonly #pool: pg.Pool;
  readonly #onError: (error: Error) => void;
  #seen = new Map<string, CauseRow>();
  readonly #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: pg.Pool, onError: (error: Error) => void) {
    this.#pool = pool;
    this.#onError = onError;
  }

  note(settled: readonly Settlement[], now: number): void {
    for (const { handler, cause, error } of settled) {
      if (cause === undefined) continue;
      const key = `${handler} ${cause}`;
      const row = this.#seen.get(key) ?? {
        handler,
        cause,
        sample: error ?? '',
        firstAt: now,
        lastAt: now,
        seen: 0,
      };
      this.#seen.set(key, { ...row, lastAt: now, seen: row.seen + 1 });
      if (this.#known.has(key)) continue;
      if (this.#known.size >= KNOWN_MAX) this.#known.clear();
      this.#known.add(key);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#write(), 0);
    }
    if (this.#seen.size > 0) this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #write(): void {
    this.#timer = undefined;
    const rows = [...this.#seen.values()];
    this.#seen = new Map();
    // They are for people to read: what cannot be written is not worth another try.
    addCauses(this.#pool, rows).catch(this.#onError);
  }
}

/** In one order, so that two replicas do not wait for each other. */
export async function addCauses(asked: Asked, rows: readonly CauseRow[]): Promise<void> {
  if (rows.length === 0) return;
  await asked.query(
    `INSERT INTO causes (handler, cause, sample, first_at, last_at, seen)
     SELECT given.* FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
       AS given (handler, cause, sample, first_at, last_at, seen)
     WHERE EXISTS (SELECT FROM causes AS known WHERE known.handler = given.handler AND known.cause = given.cause)
       OR (SELECT count(*) FROM causes) < ${CAUSES_MAX}
     ORDER BY given.handler COLLATE "C", given.cause COLLATE "C"
     ON CONFLICT (handler, cause) DO UPDATE SET last_at = greatest(causes.last_at, excluded.last_at),
       seen = causes.seen + excluded.seen`,
    [
      textList(rows.map(({ handler }) => handler)),
      textList(rows.map(({ cause }) => cause)),
      textList(rows.map(({ sample }) => sample)),
      bigintList(rows.map(({ firstAt }) => firstAt)),
      bigintList(rows.map(({ lastAt }) => lastAt)),
      bigintList(rows.map(({ seen }) => seen)),
    ],
  );
}

/** Those that nothing open has any more: the old ones, and all but the newest. */
export async function purgeCauses(asked: Asked, before: number): Promise<void> {
  await asked.query(
    `DELETE FROM causes WHERE NOT EXISTS
       (SELECT FROM work WHERE work.handler = causes.handler AND work.cause = causes.cause)
     AND (last_at < $1 OR (handler, cause) NOT IN
       (SELECT handler, cause FROM causes ORDER BY last_at DESC LIMIT ${CAUSES_PAST_MAX}))`,
    [before],
  );
}
