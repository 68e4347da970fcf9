/**
 * One minor version back works on the tables of the next: a release is tried out, and taken back. Who is shut out hears which
 * version to take.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { fitOf, type Migration, readMigrationsIn } from '../../src/inbox/migration-files.ts';
import { examineDatabase } from '../../src/inbox/postgres/schema.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { openRefused } from '../../src/inbox/refused/file.ts';
import { examineInbox, openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { looksLike, OTHERS } from '../../src/inbox/sqlite/row-kinds.ts';
import { deliver, startWired, tell, told } from '../harness/deliver.ts';
import { makeNextRelease, NEXT } from '../harness/next-release.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT } from '../harness/project.ts';
import type { Service } from '../harness/service.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
const path = join(folder, 'inbox.db');
const PLACE = 'the test’s';
let database: Database;
let root: string;

/** The tables that this release makes. */
function tablesOf(file: DatabaseSync): string[] {
  const named = file.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const names = named.all().map(({ name }) => String(name));
  file.close();
  return names;
}

beforeAll(async () => {
  database = await freshDatabase();
  await prepareDatabase(database.url, PLACE);
  const tables = await database.query<{ name: string }>(`SELECT relname AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`);
  root = makeNextRelease({
    sqlite: tablesOf(openInboxFile(path)),
    refused: tablesOf(openRefused(join(folder, 'other.db')).database),
    postgres: tables.map(({ name }) => name),
  });
});
afterAll(async () => {
  await database.drop();
  for (const made of [folder, root]) rmSync(made, { recursive: true, force: true });
});

/** What it compiles goes with its folder: at another run it would be found by nobody. */
const asNext = () => ({ root, env: { NODE_COMPILE_CACHE: join(root, 'compiled') } });

/** What a service does with its tables: events that are done, fail, come twice, and are refused. */
async function work(service: Service, left: (sql: string) => unknown): Promise<string[]> {
  const ids = [await tell(service, 'jobs', 'ok'), await tell(service, 'jobs', 'fail', 'ok')];
  const body = told('ok');
  const { id } = await deliver(service, 'jobs', body);
  expect(await deliver(service, 'jobs', body)).toMatchObject({ status: 200, outcome: 'duplicate', id });
  const refused = await fetch(`${service.url}/webhooks/jobs`, {
    method: 'POST',
    headers: { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` },
    body,
  });
  expect(refused.status).toBe(401);
  await expect.poll(() => left('SELECT * FROM work')).toEqual([]);
  return [...ids, id];
}

function expectWarned(service: Service): void {
  const warned = service.lines().filter(({ setting }) => setting === 'DATABASE_URL');
  expect(warned).toMatchObject([
    {
      level: 'warn',
      msg: expect.stringMatching(
        /^the inbox was written by a newer Consignee, 0\.9999\.0 \(schema 9999, this one knows \d+\), and this one can work with it$/,
      ),
    },
  ]);
}

test('with SQLite this release works on the tables of the next, and the next goes on where it stopped', async () => {
  const next = await startWired({ folder, ...asNext() });
  const ids = await work(next, next.sql);
  expect(await next.stop()).toBe(0);
  const now = await startWired({ folder });
  expectWarned(now);
  ids.push(...(await work(now, now.sql)));
  expect(await now.stop()).toBe(0);
  const again = await startWired({ folder, ...asNext() });
  ids.push(...(await work(again, again.sql)));
  const kept = again.events().map(({ number }) => idOf(number));
  expect(kept).toEqual([...ids].sort());
  expect(again.sql('SELECT DISTINCT next_word FROM inbox')).toEqual([{ next_word: 'next' }]);
  expect(await again.stop()).toBe(0);
  const refused = new DatabaseSync(`${path}-refused`, { readOnly: true });
  expect(refused.prepare('SELECT count(*) AS count FROM refused').get()).toEqual({ count: 3 });
  refused.close();
  expect(readdirSync(folder).filter((name) => name.includes('aside'))).toEqual([]);
});

test('with PostgreSQL this release works on the tables of the next, beside it', async () => {
  const next = await startWired({ database: database.url, ...asNext() });
  const now = await startWired({ database: database.url });
  expectWarned(now);
  const ids: string[] = [];
  for (const service of [next, now, next]) ids.push(...(await work(service, database.query)));
  for (const service of [now, next]) expect(await service.stop()).toBe(0);
  const kept = await database.query<{ number: number }>('SELECT number FROM inbox ORDER BY number');
  expect(kept.map(({ number }) => idOf(number))).toEqual([...ids].sort());
  expect(await database.query('SELECT DISTINCT next_word FROM inbox')).toEqual([{ next_word: 'next' }]);
});

test('who is shut out is told which version to take', async () => {
  const shutOut = `UPDATE meta SET value = '${NEXT.schema}' WHERE key = 'schema_oldest'`;
  const said = /written by a newer Consignee, 0\.9999\.0 \(schema 9999, this one knows \d+\)$/;
  const fix = 'Run 0.9999.0 or a later one; going back is not possible.';
  const file = new DatabaseSync(path);
  file.exec(shutOut);
  file.close();
  expect(examineInbox(path)).toMatchObject({ wrong: expect.stringMatching(said), fix });
  await database.query(shutOut);
  const { problem } = await examineDatabase(database.url, PLACE);
  expect(problem).toMatchObject({ wrong: expect.stringMatching(said), fix });
});

test('what a damaged inbox said of its schema is not taken into the one that a rescue makes', () => {
  const kindOf = (...values: string[]) => OTHERS.find((kind) => looksLike(kind, values));
  expect(kindOf('inbox', 'its name')).toBeDefined();
  expect([kindOf('schema_oldest', '3'), kindOf('schema_by', '0.2.0')]).toEqual([undefined, undefined]);
});

test('a migration that says nothing shuts out all that is older, and no later one lets them in again', () => {
  const migration = (version: number, oldest: number): Migration => ({ version, oldest, sql: '' });
  const known = [migration(1, 1), migration(2, 2)];
  expect(fitOf({ version: 2 }, known)).toEqual({ fits: true });
  expect(fitOf({ version: 3 }, known)).toMatchObject({
    fits: false,
    fix: expect.stringContaining('Run that version'),
  });
  expect(fitOf({ version: 4, oldest: 2, by: '0.4.0' }, known).fits).toBe(true);
  expect(fitOf({ version: 4, oldest: 3, by: '0.4.0' }, known).fits).toBe(false);
  for (const store of ['sqlite', 'postgres', 'refused']) {
    const oldest = readMigrationsIn(join(ROOT, 'src/inbox', store, 'migrations')).map((one) => one.oldest);
    expect(oldest).toEqual(oldest.toSorted((one, other) => one - other));
  }
});
