/** Reads what was ordered, and counts what would be, from beside whoever carries it out. Part of reader.ts. */
import { countStep } from './action-steps.ts';
import {
  ACTION_COLUMNS,
  type ActionRecord,
  type ActionWish,
  actionFrom,
  type CountStep,
  type StoredAction,
} from './actions.ts';
import type { SearchTables } from './fresh-keys.ts';
import type { StoredSource } from './stored-source.ts';

const COUNT_LOOKS = 5_000;

export class ActionReader {
  readonly #tables: SearchTables;

  constructor(tables: SearchTables) {
    this.#tables = tables;
  }

  /** The newest first; `before`: those with smaller ids. */
  async list(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<ActionRecord[]> {
    const sql = `SELECT ${ACTION_COLUMNS} FROM actions WHERE id < $2 ORDER BY id DESC LIMIT $1`;
    return (await this.#tables.all<StoredAction>(sql, limit, before)).map(actionFrom);
  }

  async one(id: number): Promise<ActionRecord | undefined> {
    const sql = `SELECT ${ACTION_COLUMNS} FROM actions WHERE id = $1`;
    const [row] = await this.#tables.all<StoredAction>(sql, id);
    return row && actionFrom(row);
  }

  /** As OperatorCalls.countStep. */
  countStep(
    sources: ReadonlyMap<string, StoredSource>,
    wish: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>,
    after: number,
  ): Promise<CountStep> {
    return countStep(this.#tables, sources, wish, after, COUNT_LOOKS);
  }
}
