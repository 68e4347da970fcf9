/**
 * Batches in PostgreSQL: numbers are reserved for items, and lists become rows of `work`, step by step, each by whichever replica
 * comes to it. The rules stand in ../items.ts. Called by receipt.ts, hand-out.ts and whatever carries orders out.
 */
import type pg from 'pg';
import type { Route } from '../contract.ts';
import { inBatchSql } from '../event-id.ts';
import { ITEMS_SPAN, type Part, type PlannedItem, splitItems } from '../items.ts';
import type { EventState } from '../newest.ts';
import { DISCARDED_BY_HAND } from '../order.ts';
import { bigintList, integerList, textList } from './binary-array.ts';
import { type Asked, inTransaction } from './connection.ts';
import { planNewest } from './newest.ts';

/** So many rows in one transaction, to keep it short. */
const SPLIT_STEP = 1_000;

export interface Batch {
  readonly event: number;
  readonly last: number;
}

export interface Split {
  readonly event: number;
  readonly handler: string;
}

interface SplitRow extends Split, Omit<Part, 'batch'> {
  readonly due: number;
  readonly since: number | null;
}

export async function insertBatches(asked: Asked, batches: readonly Batch[]): Promise<void> {
  if (batches.length === 0) return;
  await asked.query('INSERT INTO batches (event, last) SELECT * FROM unnest($1::bigint[], $2::bigint[])', [
    bigintList(batches.map(({ event }) => event)),
    bigintList(batches.map(({ last }) => last)),
  ]);
}

/** Their lists wait to be split. `since`: for those that are replayed, when that was; `due` after all that is new then. */
export async function planSplits(
  asked: Asked,
  splits: readonly Split[],
  { due = 0, since = null }: { readonly due?: number; readonly since?: number | null } = {},
): Promise<void> {
  if (splits.length === 0) return;
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, since, batch, item_at, item_length)
     SELECT event, handler, 'pending', 0, $3, false, true, $4, event, 0, 0
     FROM unnest($1::bigint[], $2::text[]) AS given (event, handler)
     ON CONFLICT (event, handler) DO UPDATE SET state = 'pending', attempts = 0, due = excluded.due, alone = false,
       behind = true, thing = NULL, cause = NULL, owner = NULL, since = excluded.since, batch = excluded.batch,
       item_at = 0, item_length = 0`,
    [
      bigintList(splits.map(({ event }) => event)),
      textList(splits.map(({ handler }) => handler)),
      due,
      since,
    ],
  );
}

/** The number of the event that has reserved this one, for itself or an item; undefined if it is no batch. */
export async function batchOf(asked: Asked, number: number): Promise<Batch | undefined> {
  const { rows } = await asked.query<Batch>(
    `SELECT event, last FROM batches WHERE event <= $1 AND event >= $2 AND ${inBatchSql('$1', 'event', 'last')}`,
    [number, number - ITEMS_SPAN],
  );
  return rows[0];
}

/** Discards what is open of a list and not being handled. Answers whether there was any. */
export async function discardOpenItems(asked: Asked, event: number, handler: string): Promise<boolean> {
  const { rowCount } = await asked.query(
    `WITH gone AS (
       DELETE FROM work WHERE event BETWEEN $1 AND (SELECT last FROM batches WHERE batches.event = $1)
         AND handler = $2 AND coalesce(batch, event) = $1 AND state <> 'handling' RETURNING event, handler
     )
     INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
     SELECT event, handler, $3, 0, 0, 'discarded', $4 FROM gone ON CONFLICT DO NOTHING`,
    [event, handler, Date.now(), DISCARDED_BY_HAND],
  );
  return (rowCount ?? 0) > 0;
}

/** Inserts items that wait, or has them wait again; not those that are being handled. */
export async function insertItems(
  asked: Asked,
  handler: string,
  items: readonly PlannedItem[],
  { due, since }: Pick<SplitRow, 'due' | 'since'>,
): Promise<void> {
  if (items.length === 0) return;
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, since, batch, item_at, item_length)
     SELECT event, $5, 'pending', 0, $6, false, false, $7, batch, item_at, item_length
     FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[]) AS given (event, batch, item_at, item_length)
     ON CONFLICT (event, handler) DO UPDATE SET state = 'pending', attempts = 0, due = excluded.due, alone = false,
       behind = false, thing = NULL, cause = NULL, owner = NULL, since = excluded.since WHERE work.state <> 'handling'`,
    [
      bigintList(items.map(({ event }) => event)),
      bigintList(items.map(({ batch }) => batch)),
      integerList(items.map(({ itemAt }) => itemAt)),
      integerList(items.map(({ itemLength }) => itemLength)),
      handler,
      due,
      since,
    ],
  );
}

export class Splits {
  readonly #pool: pg.Pool;
  /** Those that take items, by handler. */
  readonly #routes: ReadonlyMap<string, Route>;
  /** Whether a list may wait. */
  isNeeded: boolean;

  constructor(pool: pg.Pool, routes: ReadonlyMap<string, Route>) {
    this.#pool = pool;
    this.#routes = new Map([...routes].filter(([, { items }]) => items));
    this.isNeeded = false;
  }

  /** Something may have come. */
  note(): void {
    this.isNeeded = this.#routes.size > 0;
  }

  /** Makes rows of the next items of the oldest list that waits for it and that nobody else is at. Answers whose items they are. */
  async step(): Promise<string | undefined> {
    if (!this.isNeeded) return undefined;
    const handler = await inTransaction(this.#pool, (client) => this.#stepIn(client));
    this.isNeeded = handler !== undefined;
    return handler;
  }

  async #stepIn(client: pg.ClientBase): Promise<string | undefined> {
    const found = await client.query<SplitRow>({
      name: 'split',
      text: `SELECT event, handler, due, since, item_at AS "itemAt", item_length AS "itemLength" FROM work
        WHERE batch = event AND handler = ANY ($1::text[]) ORDER BY event LIMIT 1 FOR UPDATE SKIP LOCKED`,
      values: [textList([...this.#routes.keys()])],
    });
    const [row] = found.rows;
    if (!row) return undefined;
    const { event: batch, handler, itemAt: from, itemLength: done } = row;
    const stored = await client.query<{ body: Buffer }>('SELECT body FROM inbox WHERE number = $1', [batch]);
    const body = stored.rows[0]?.body ?? Buffer.alloc(0);
    const step = splitItems(this.#routes.get(handler) as Route, batch, body, {
      from,
      done,
      most: SPLIT_STEP,
    });
    await planItems(client, handler, step.items, row);
    const end = 'DELETE FROM work WHERE event = $1 AND handler = $2';
    const further = 'UPDATE work SET item_at = $3, item_length = $4 WHERE event = $1 AND handler = $2';
    if (step.next === null) await client.query(end, [batch, handler]);
    else await client.query(further, [batch, handler, step.next, done + step.seen]);
    return handler;
  }
}

async function planItems(
  client: pg.ClientBase,
  handler: string,
  items: readonly PlannedItem[],
  row: Pick<SplitRow, 'due' | 'since'>,
): Promise<void> {
  await insertItems(
    client,
    handler,
    items.filter(({ state }) => !state),
    row,
  );
  const telling = items.filter(({ state }) => state);
  if (telling.length === 0) return;
  const numbers = bigintList(telling.map(({ event }) => event));
  // Only a list that is split again can meet any.
  const busy = await client.query<{ event: number }>(
    "SELECT event FROM work WHERE event = ANY ($1::bigint[]) AND handler = $2 AND state = 'handling' FOR UPDATE",
    [numbers, handler],
  );
  const isBusy = new Set(busy.rows.map(({ event }) => event));
  const states = telling
    .filter(({ event }) => !isBusy.has(event))
    .map(({ event, state, ...part }) => ({ event, handler, part, ...state }) as EventState);
  await planNewest(client, states);
  if (row.since === null) return;
  await client.query(
    "UPDATE work SET since = $3 WHERE event = ANY ($1::bigint[]) AND handler = $2 AND state = 'pending'",
    [numbers, handler, row.since],
  );
}
