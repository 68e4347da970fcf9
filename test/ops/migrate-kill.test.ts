/**
 * kill -9 at random moments of a move, and the same command again until it is through: all is there, and due once. CONSIGNEE_MOVES
 * sets how often.
 */
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { eventRow, keyOf } from '../fixtures/filled/rows.ts';
import { type Rows, rowsOf, rowsOfFile } from '../fixtures/moving/rows.ts';
import { run, runToEnd } from '../harness/command.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

const MOVES = Number(process.env.CONSIGNEE_MOVES ?? 1);
const EVENTS = 4_000;

let scene: string;
let before: Rows;

beforeAll(() => {
  scene = mkdtempSync(join(tmpdir(), 'consignee-'));
  const database = openInboxFile(join(scene, 'inbox.db'));
  const insert = (table: string, row: Readonly<Record<string, string | number | null | Uint8Array>>) => {
    const marks = Object.keys(row).map(() => '?');
    database
      .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${marks})`)
      .run(...Object.values(row));
  };
  database.exec('BEGIN');
  for (let at = 0; at < EVENTS; at++) {
    const event = eventRow(at);
    const flags = { alone: 0, behind: 0 };
    insert('inbox', { ...event, ...keyOf(event), is_json: 1 });
    if (at % 4 === 0)
      insert('work', {
        event: event.number,
        handler: 'a/b',
        state: 'pending',
        attempts: 1,
        due: 0,
        ...flags,
      });
    insert('attempts', {
      event: event.number,
      handler: 'a/b',
      started_at: 1,
      attempt: 1,
      ms: 1,
      outcome: 'retry',
    });
  }
  database.exec('COMMIT');
  database.close();
  before = rowsOfFile(join(scene, 'inbox.db'));
});
afterAll(() => rmSync(scene, { recursive: true }));

/** In how many places something is due; in each it is all or nothing. */
async function dueIn(path: string, database: Database): Promise<number> {
  const isThere = await database.query("SELECT to_regclass('work') AS name");
  const there = isThere[0]?.name === null ? [] : await database.query('SELECT event FROM work');
  const counts = [rowsOfFile(path).work.length, there.length];
  for (const count of counts) expect([0, before.work.length]).toContain(count);
  return counts.filter((count) => count > 0).length;
}

test('killed again and again, it ends with everything in one place', {
  timeout: 60_000 + MOVES * 30_000,
}, async () => {
  let kills = 0;
  for (let round = 0; round < MOVES; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    const path = join(folder, 'inbox.db');
    copyFileSync(join(scene, 'inbox.db'), path);
    const database = await freshDatabase();
    const options = { env: { DATABASE_URL: database.url }, cwd: folder };
    const args = ['migrate', '--from', 'sqlite:inbox.db'];
    for (let ended = false; !ended; ) {
      const command = run(args, options);
      const closed = once(command.process, 'close') as Promise<[number | null]>;
      // Later each time, so that it gets through in the end.
      const timer = setTimeout(
        () => command.process.kill('SIGKILL'),
        150 + Math.random() * 250 * (1 + kills),
      );
      const [code] = await closed;
      clearTimeout(timer);
      ended = code !== null;
      if (ended) expect([code, command.output()]).toEqual([0, expect.stringMatching(/moved|Moved|Finished/)]);
      else kills++;
      expect(await dueIn(path, database)).toBeLessThanOrEqual(1);
    }
    expect(await rowsOf(database)).toEqual(before);
    expect(rowsOfFile(path).work).toEqual([]);
    expect((await runToEnd(args, options)).output).toContain('already');
    await database.drop();
    rmSync(folder, { recursive: true });
  }
  expect(kills).toBeGreaterThanOrEqual(MOVES / 2);
});
