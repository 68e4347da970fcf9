/** The SQLite inbox, as the contract tests it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { driverOf } from '../../src/inbox/driver.ts';
import { workThrough } from '../../src/inbox/messages.ts';
import { type Driver, openAt, type Rows } from './driver.ts';

export function makeSqlite(): Driver {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const path = join(folder, 'inbox.db');
  return {
    open: (sources) => openAt({ kind: 'sqlite', path }, sources),
    work: (inbox) => workThrough(inbox.workPort()),
    reader: () => driverOf({ kind: 'sqlite', path }).openReader(),
    rows: () => readRows(path),
    clear: () => rmSync(folder, { recursive: true }),
  };
}

function readRows(path: string): Rows {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  const all = (sql: string) => database.prepare(sql).all();
  try {
    return {
      events: all(
        `SELECT printf('evt_%014x', number) AS id, source, held, body FROM inbox ORDER BY number`,
      ).map((row) => ({
        ...row,
        body: row.body === null ? null : Buffer.from(row.body as Uint8Array).toString(),
      })),
      work: all(`SELECT printf('evt_%014x', event) AS id, handler, state, attempts FROM work
        ORDER BY event, handler`).map((row) => ({ ...row })),
      attempts: all(`SELECT printf('evt_%014x', event) AS id, handler, attempt, outcome, error FROM attempts
        ORDER BY event, handler, started_at, attempt`).map((row) => ({ ...row })),
      tallies: all('SELECT * FROM tallies').map((row) => ({
        ...row,
        times: [...new Uint32Array(Uint8Array.from(row.times as Uint8Array).buffer)],
      })),
    } as unknown as Rows;
  } finally {
    database.close();
  }
}
