/**
 * A move that loses its database at any statement: nothing is due in two places, nothing is lost, and the next run finishes
 * it, even if the old service has gone on in between. Every eighth statement is broken in each of the two ways; with
 * CONSIGNEE_CUT_EVERY=1, as each night, every one.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MoveOutcome, moveInbox } from '../../src/inbox/move.ts';
import { examineDatabase } from '../../src/inbox/postgres/schema.ts';
import { openSource } from '../../src/inbox/sqlite/export.ts';
import { examineInbox, openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { type Rows, rowsOf, rowsOfFile } from '../fixtures/moving/rows.ts';
import { setTheScene } from '../fixtures/moving/scene.ts';
import { startStepWire, type When } from '../fixtures/moving/step-wire.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';

const EVERY = Number(process.env.CONSIGNEE_CUT_EVERY ?? 8);

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const scene = join(folder, 'inbox.db');
const path = join(folder, 'moving.db');
let before: Rows;

beforeAll(async () => {
  await setTheScene(folder);
  // The log goes into the file, which is copied from now on.
  openInboxFile(scene).close();
  before = rowsOfFile(scene);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function move(url: string): Promise<MoveOutcome> {
  const source = openSource(path);
  try {
    return await moveInbox({ source, from: path, url, place: 'the test’s', leaseMs: 500, tell() {} });
  } finally {
    source.close();
  }
}

function takeCopy(): void {
  for (const ending of ['-wal', '-shm', '-owner']) rmSync(`${path}${ending}`, { force: true });
  copyFileSync(scene, path);
}

const hasMoved = () => examineInbox(path) !== undefined;

/** Where it is due, looked at past the code: in one place at most. */
async function placesDue(database: Database): Promise<string[]> {
  const isThere = await database.query("SELECT to_regclass('work') AS name");
  const there = isThere[0]?.name === null ? [] : await database.query('SELECT event FROM work');
  const here = rowsOfFile(path).work;
  for (const rows of [here, there]) expect([0, before.work.length]).toContain(rows.length);
  return [...(here.length > 0 ? ['here'] : []), ...(there.length > 0 ? ['there'] : [])];
}

/** What a service does in its life: finishes, takes in, purges. */
function lifeGoesOn(): void {
  const database = new DatabaseSync(path);
  database.exec(`
    DELETE FROM work WHERE event = (SELECT max(event) FROM work WHERE state = 'pending' AND due = 0);
    INSERT INTO attempts SELECT number, 'jobs/work', 1, 9, 1, 'done', NULL, NULL, NULL FROM inbox
      WHERE body IS NOT NULL ORDER BY number LIMIT 1;
    UPDATE newest SET at = at + 1;
    DELETE FROM attempts WHERE event = (SELECT max(number) FROM inbox WHERE source = 'sheets');
    UPDATE inbox SET headers = NULL, evidence = NULL, body = NULL WHERE source = 'sheets';
    INSERT INTO inbox SELECT max(number) + 1, 1, 'jobs', x'00', (SELECT digest FROM inbox WHERE body = x''), NULL, NULL, 0,
      'the body is not JSON', '::1', '{}', x'', '[]' FROM inbox;
    INSERT INTO work (event, handler, state, attempts, due, alone)
      SELECT max(number), 'jobs/work', 'held', 0, 0, 0 FROM inbox;
    UPDATE secret_uses SET count = count + 1;
  `);
  database.close();
}

/** Breaks at one statement after the other, until the move gets through before that. */
async function breakEverywhere(
  when: When,
  first: number,
  goesOn: boolean,
): Promise<{ steps: number; finished: number }> {
  let finished = 0;
  const database = await freshDatabase();
  for (let at = first; ; at += EVERY) {
    takeCopy();
    const wire = await startStepWire(database.url, at, when);
    const broke = await move(wire.through(database.url)).then(
      () => false,
      () => true,
    );
    wire.stop();
    if (!broke) {
      expect(await rowsOf(database)).toEqual(before);
      await database.drop();
      return { steps: at - 1, finished };
    }
    const places = await placesDue(database);
    expect([at, hasMoved(), places]).toEqual([
      at,
      hasMoved(),
      hasMoved() ? expect.not.arrayContaining(['here']) : ['here'],
    ]);
    // Nobody goes to work there while it is due here, or nowhere.
    const { problem, isThere } = await examineDatabase(database.url, '');
    const rows = isThere ? await database.query("SELECT key FROM meta WHERE key = 'moving'") : [];
    expect([at, rows.length > 0]).toEqual([at, problem?.wrong.includes('is being moved from') ?? false]);
    if (hasMoved())
      expect([at, places, rows.length]).toEqual([at, rows.length > 0 ? [] : ['there'], rows.length]);

    if (goesOn && !hasMoved()) lifeGoesOn();
    const now = hasMoved() ? before : rowsOfFile(path);
    const { what } = await move(database.url);
    if (what !== 'moved') finished++;
    expect([at, await rowsOf(database)]).toEqual([at, now]);
    expect((await move(database.url)).what).toBe('before');
    expect(await placesDue(database)).toEqual(['there']);
    await database.empty();
  }
}

test.each<[When, number, boolean]>([
  ['before it arrives', 1, false],
  ['before its answer does', Math.ceil(EVERY / 2), true],
])('broken at a statement %s', { timeout: 600_000 }, async (when, first, goesOn) => {
  const { steps, finished } = await breakEverywhere(when, first, goesOn);
  expect(steps).toBeGreaterThan(25);
  // Those of the last transaction.
  expect(finished).toBeGreaterThan(1);
});
