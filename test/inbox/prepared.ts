/** For the tests of a file a PostgreSQL database with the tables of an inbox, empty for each of them, and connections to it. */
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createPool } from '../../src/inbox/postgres/connection.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

export interface Prepared {
  readonly database: Database;
  readonly pool: pg.Pool;
}

export function preparedForEach(): Prepared {
  const opened = {} as { database: Database; pool: pg.Pool };
  beforeAll(async () => {
    opened.database = await freshDatabase();
    await prepareDatabase(opened.database.url, 'the test’s');
  });
  afterAll(() => opened.database.drop());
  beforeEach(() => {
    opened.pool = createPool(opened.database.url, { connections: 6, statementMs: 5_000 });
  });
  afterEach(async () => {
    await opened.pool.end();
    await opened.database.clear();
  });
  return opened;
}
