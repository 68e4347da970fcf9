/** What a service has handed to its handlers and what it has not, as its inbox says. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Running } from './contenders.ts';

const PENDING = 'SELECT count(*) AS count FROM work';
const HANDLED = 'SELECT count(*) AS count FROM attempts';
const LOOK_MS = 200;
const DONE_MOST_MS = 300_000;

export class Ledger {
  readonly #count: (sql: string) => Promise<number>;

  constructor(count: (sql: string) => Promise<number>) {
    this.#count = count;
  }

  /** How many times a handler has run. */
  handled(): Promise<number> {
    return this.#count(HANDLED);
  }

  /** Resolves when nothing is left to do; rejects if that takes too long. */
  async untilDone(): Promise<void> {
    for (const end = performance.now() + DONE_MOST_MS; (await this.#count(PENDING)) > 0; ) {
      if (performance.now() > end) throw new Error(`there is still work to do after ${DONE_MOST_MS} ms`);
      await sleep(LOOK_MS);
    }
  }
}

export function ledgerOn(cluster: Cluster, database: string): Ledger {
  return new Ledger((sql) => cluster.value(database, sql));
}

export function ledgerOfFile({ folders: [folder = ''] }: Running): Ledger {
  return new Ledger(async (sql) => {
    const database = new DatabaseSync(join(folder, 'inbox.db'), { readOnly: true, timeout: 5_000 });
    const row = database.prepare(sql).get();
    database.close();
    return Number(row?.count);
  });
}
