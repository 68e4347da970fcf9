/** The PostgreSQL inbox against the contract. */
import { afterAll, beforeAll } from 'vitest';
import { driverOf } from '../../src/inbox/driver.ts';
import { workThrough } from '../../src/inbox/messages.ts';
import type { TallyRow } from '../../src/inbox/tallies.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { deliveryContract, operationContract } from './contract.ts';
import { type Driver, openAt, type Rows } from './driver.ts';
import { openSyncReader, type SyncReader } from './sync-reader.ts';

let database: Database;
let reader: SyncReader;
beforeAll(async () => {
  database = await freshDatabase();
  reader = openSyncReader(database.url);
});
afterAll(async () => {
  await reader.close();
  await database.drop();
});

function makePostgres(): Driver {
  const { url, clear } = database;
  const all = <T>(sql: string) => reader.query<T>(sql);
  return {
    open: (sources) => openAt({ kind: 'postgres', url, place: 'the test’s' }, sources, { connections: 3 }),
    work: (inbox) => workThrough(inbox.workPort()),
    reader: () => driverOf({ kind: 'postgres', url, place: 'the test’s' }).openReader(),
    rows: (): Rows => ({
      // A key without an event is what is left of a purged one.
      events: all<Rows['events'][number]>(
        `SELECT 'evt_' || lpad(to_hex(number), 14, '0') AS id, source, held, convert_from(body, 'UTF8') AS body
         FROM keys LEFT JOIN inbox USING (number) ORDER BY number`,
      ),
      work: all(`SELECT 'evt_' || lpad(to_hex(event), 14, '0') AS id, handler, state, attempts FROM work
        ORDER BY event, handler`),
      attempts: all(`SELECT 'evt_' || lpad(to_hex(event), 14, '0') AS id, handler, attempt, outcome, error
        FROM attempts ORDER BY event, handler, started_at, attempt`),
      tallies: all<TallyRow & { times: readonly string[] }>(
        'SELECT * FROM tallies ORDER BY step, bucket, kind, subject, outcome',
      ).map((row) => ({ ...row, times: row.times.map(Number) })),
    }),
    clear,
  };
}

deliveryContract('PostgreSQL', makePostgres);
operationContract('PostgreSQL', makePostgres);
