/** What `consignee migrate` refuses: one clear sentence, no password, and the inbox stays where it was. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { moveInbox } from '../../src/inbox/move.ts';
import { connect, createPool } from '../../src/inbox/postgres/connection.ts';
import { Lease } from '../../src/inbox/postgres/lease.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { openSource } from '../../src/inbox/sqlite/export.ts';
import { openInboxFile, takeOwnership } from '../../src/inbox/sqlite/files.ts';
import { fillFile } from '../fixtures/filled/fill.ts';
import { CONTENT, keyOf, numberAt } from '../fixtures/filled/rows.ts';
import { rowsOf, rowsOfFile } from '../fixtures/moving/rows.ts';
import { MOVING, SECRETS } from '../fixtures/moving/scene.ts';
import { startStepWire } from '../fixtures/moving/step-wire.ts';
import { useFolder } from '../harness/folder.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { SECRET } from '../harness/project.ts';
import { startService } from '../harness/service.ts';

const { folder, consignee } = useFolder();
const WHOLE = { ...CONTENT, keys: CONTENT.inbox.map(keyOf) };
let count = 0;
let path: string;
let database: Database;
let place: string;

beforeEach(async () => {
  path = join(folder, `inbox-${++count}.db`);
  fillFile(path, WHOLE);
  database = await freshDatabase();
  const { host, pathname } = new URL(database.url);
  place = `${host}${pathname}`;
});
afterEach(() => database.drop());

async function migrate(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ended = await consignee(['migrate', ...args, '--config', MOVING], {
    DATABASE_URL: database.url,
    ...env,
  });
  expect(ended.output).not.toContain(new URL(database.url).password);
  expect(ended.output).not.toMatch(/^ +at /m);
  return ended;
}
const move = (env?: Readonly<Record<string, string>>) => migrate(['--from', `sqlite:${path}`], env);
/** In this process: what the command says of an error is seen elsewhere. */
async function moveHere(url = database.url): Promise<void> {
  const source = openSource(path);
  const options = { source, from: path, url, place, leaseMs: 500, tell() {} };
  await moveInbox(options).finally(() => source.close());
}
const said = (code: number, words: string | RegExp) => ({
  code,
  output: typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
});

test('wishes that make no sense', async () => {
  expect(await migrate([])).toMatchObject(said(64, 'where from? Give --from'));
  expect(await migrate(['--from', ''])).toMatchObject(said(64, 'where from?'));
  expect(await migrate(['--form', 'x'])).toMatchObject(said(64, '--form'));
  const [from, old] = ['--from', `sqlite:${path}`];
  expect(await migrate([from, old], { DATABASE_URL: old })).toMatchObject(said(64, 'are the same place'));
  const other = { DATABASE_URL: 'sqlite:other.db' };
  expect(await migrate([from, old], other)).toMatchObject(said(64, 'where to? Give --to'));
  expect(await migrate([from, old, '--to', 'sqlite:other.db'])).toMatchObject(
    said(64, 'there is no other way'),
  );
  const back = [from, 'env:DATABASE_URL', '--to', 'sqlite:back.db'];
  expect(await migrate(back)).toMatchObject(
    said(64, 'from an SQLite file to PostgreSQL; there is no other way'),
  );
  const both = [from, 'env:DATABASE_URL', '--to', database.url];
  expect(await migrate(both)).toMatchObject(said(64, 'are the same place'));
});

test('places that cannot be read, by the name under which they were given', async () => {
  const from = ['--from', `sqlite:${path}`];
  expect(await migrate(['--from', 'inbox.db'])).toMatchObject(
    said(78, '--from is not of the form sqlite:<path'),
  );
  expect(await migrate([...from, '--to', 'env:NO'])).toMatchObject(
    said(78, '--to names the variable NO, which is not set'),
  );
  const wrong = { NEW: `postgres://me:${SECRET}@/x` };
  const read = await migrate([...from, '--to', 'env:NEW'], wrong);
  expect(read).toMatchObject(said(78, 'NEW names no host'));
  expect(read.output).not.toContain(SECRET);
  writeFileSync(join(folder, 'url'), '\n');
  const empty = await migrate([...from, '--to', 'env:NEW'], { NEW_FILE: 'url' });
  expect(empty).toMatchObject(said(78, 'NEW_FILE names a file that is empty'));
  const closed = await migrate([...from, '--to', `postgres://me:${SECRET}@127.0.0.1:1/x`]);
  expect(closed).toMatchObject(
    said(78, '--to names PostgreSQL at 127.0.0.1:1/x, which cannot be used (ECONNREFUSED'),
  );
  expect(closed.output).not.toContain(SECRET);
});

test('a URL may come from a variable or a file', async () => {
  writeFileSync(join(folder, 'new-url'), `${database.url}\n`);
  const env = { OLD: `sqlite:${path}`, NEW_FILE: 'new-url', DATABASE_URL: '' };
  const { code, output } = await migrate(['--from', 'env:OLD', '--to', 'env:NEW'], env);
  expect([code, output]).toEqual([
    0,
    expect.stringContaining('Now set DATABASE_URL to what NEW holds, and start'),
  ]);
});

test('sources that are no inbox, or not a sound one', async () => {
  const from = (name: string) => migrate(['--from', `sqlite:${join(folder, name)}`]);
  expect(await from('nothing.db')).toMatchObject(said(78, 'nothing.db, where there is no file'));
  writeFileSync(join(folder, 'diary.db'), 'my diary\n'.repeat(1_000));
  expect(await from('diary.db')).toMatchObject(
    said(78, /--from names .*diary\.db, which is not an SQLite file/),
  );
  mkdirSync(join(folder, 'folder.db'), { recursive: true });
  expect((await from('folder.db')).code).toBe(78);
  const newer = new DatabaseSync(path);
  newer.exec("PRAGMA user_version = 999; DELETE FROM meta WHERE key LIKE 'schema_%'");
  newer.close();
  expect(await move()).toMatchObject(said(78, 'written by a newer Consignee (schema 999'));
});

test('a source that a service has', async () => {
  const owner = takeOwnership(path);
  expect(await move()).toMatchObject(said(78, /--from names .*which a running Consignee already owns/));
  owner.close();
});

test('an event whose bytes are not what was received: nothing has happened anywhere', async () => {
  const source = new DatabaseSync(path);
  source.prepare("UPDATE inbox SET body = x'00' WHERE number = ?").run(numberAt(2));
  source.close();
  const before = rowsOfFile(path);
  const id = `evt_${numberAt(2).toString(16).padStart(14, '0')}`;
  expect(await move()).toMatchObject(said(1, `the bytes of ${id} are not those that were received`));
  expect(rowsOfFile(path)).toEqual(before);
  expect((await rowsOf(database)).inbox).toEqual([]);
  await expectOpen();
});

test('an event that is stored otherwise than it was given', async () => {
  await prepareDatabase(database.url, place);
  await database.query(`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.number = ${numberAt(3)} THEN NEW.body := NEW.body || '\\x00'; END IF; RETURN NEW; END $$`);
  await database.query('CREATE TRIGGER spoil BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION spoil()');
  const before = rowsOfFile(path);
  const id = `evt_${numberAt(3).toString(16).padStart(14, '0')}`;
  const { code, output } = await move();
  expect([code, output]).toEqual([
    1,
    expect.stringContaining(`what was stored of ${id} is not what was given`),
  ]);
  expect(output).toContain('is in force as before');
  expect(rowsOfFile(path)).toEqual(before);
  expect(Object.values(await rowsOf(database)).flat()).toEqual([]);
  await expectOpen();
  await database.query('DROP TRIGGER spoil ON inbox');
  expect((await move()).code).toBe(0);
  expect(await rowsOf(database)).toEqual(before);
});

test('targets that are not fit', async () => {
  await database.query('CREATE TABLE keys (door text)');
  expect(await move()).toMatchObject(said(78, 'where tables of another program have our names'));
  await database.query('DROP TABLE keys');
  await prepareDatabase(database.url, place);
  await database.query("UPDATE meta SET value = '999' WHERE key IN ('schema', 'schema_oldest')");
  expect(await move()).toMatchObject(said(78, 'DATABASE_URL names PostgreSQL at'));
  expect((await move()).output).toMatch(/written by a newer Consignee, \S+ \(schema 999/);
});

test('a target with events of its own: nothing changes there, nor in the file', async () => {
  await prepareDatabase(database.url, place);
  await database.query("INSERT INTO keys VALUES ('\\x00', 1, '\\x00')");
  const [here, there] = [rowsOfFile(path), await rowsOf(database)];
  expect(await move()).toMatchObject(
    said(78, `DATABASE_URL names PostgreSQL at ${place}, which holds one event already`),
  );
  await database.query("INSERT INTO keys VALUES ('\\x01', 2, '\\x00')");
  expect((await move()).output).toContain('which holds 2 events already.\n      Name an empty database');
  await database.query('DELETE FROM keys WHERE number = 2');
  expect([rowsOfFile(path), await rowsOf(database)]).toEqual([here, there]);
  expect(
    await database.query(
      "SELECT key FROM meta WHERE key NOT LIKE 'schema%' AND key NOT IN ('inbox', 'fingerprint key')",
    ),
  ).toEqual([]);
  expect(await database.query("SELECT to_regclass('moving_work') AS name")).toEqual([{ name: null }]);
  await expectOpen();
});

test('an older copy of the file, while the move of the newer one is not finished', async () => {
  const backup = join(folder, 'older.db');
  new DatabaseSync(path).exec(`VACUUM INTO '${backup}'`);
  const older = new DatabaseSync(backup);
  older.prepare('DELETE FROM work').run();
  older.prepare('DELETE FROM inbox WHERE number = (SELECT max(number) FROM inbox)').run();
  older.close();
  const wire = await startStepWire(database.url, 'ANALYZE keys', 'before it arrives');
  await expect(moveHere(wire.through(database.url))).rejects.toThrow();
  wire.stop();
  const [there, mine] = [await rowsOf(database), path];
  expect(there.inbox).not.toEqual([]);
  expect(there.work).toEqual([]);
  path = backup;
  expect(await move()).toMatchObject(said(78, `which holds newer events than ${backup}`));
  expect(await rowsOf(database)).toEqual(there);
  path = mine;
  const before = rowsOfFile(path);
  expect(before.work).not.toEqual([]);
  await moveHere();
  expect(await rowsOf(database)).toEqual(before);
});

test('what somebody else stored there while it was copied is not thrown away', async () => {
  await prepareDatabase(database.url, place);
  await database.query(`CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.number = ${numberAt(3)} THEN
      INSERT INTO keys VALUES ('\\x77', ${numberAt(9_999)}, '\\x00');
      NEW.body := NEW.body || '\\x00';
    END IF;
    RETURN NEW; END $$`);
  await database.query('CREATE TRIGGER meddle BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION meddle()');
  const here = rowsOfFile(path);
  await expect(moveHere()).rejects.toThrow('is not what was given');
  expect(rowsOfFile(path)).toEqual(here);
  const there = await rowsOf(database);
  expect(there.keys).toContainEqual(expect.objectContaining({ number: numberAt(9_999) }));
  await expect(moveHere()).rejects.toThrow(`which holds newer events than ${path}`);
  expect(await rowsOf(database)).toEqual(there);
});

test('a target where a service is at work; what is left of a dead one is no hindrance', async () => {
  const service = await startService({ database: database.url, config: MOVING, env: SECRETS });
  expect(await move()).toMatchObject(said(78, /where Consignee is at work \(.* \d+\)/));
  await expectOpen();
  await service.kill('SIGKILL');
  const { code, output } = await move();
  expect([code, output]).toEqual([0, expect.stringContaining('Looking whether Consignee is at work there.')]);
});

test('while it is on its way, nobody works there, and no other inbox comes in', async () => {
  const wire = await startStepWire(database.url, 'INSERT INTO keys (identity,number', 'before it arrives');
  expect(await move({ DATABASE_URL: wire.through(database.url) })).toMatchObject(
    said(1, 'is in force as before'),
  );
  wire.stop();
  expect(await database.query("SELECT key FROM meta WHERE key = 'moving'")).toHaveLength(1);
  const words = `into which an inbox is being moved from ${path}`;
  const env = { ...SECRETS, DATABASE_URL: database.url };
  const commands = [['serve'], ['events', 'list'], ['events', 'discard', '--state', 'dead'], ['check']];
  const ended = await Promise.all(commands.map((args) => consignee([...args, '--config', MOVING], env)));
  expect(ended).toMatchObject([said(78, words), said(78, words), said(78, words), said(1, words)]);
  // Also one that had looked before it began.
  const pool = createPool(database.url, { connections: 1, statementMs: 5_000 });
  await expect(new Lease(pool, 1_000, ['jobs/work']).enter()).rejects.toThrow(
    'an inbox is being moved in from',
  );
  await pool.end();
  expect(await database.query('SELECT * FROM replicas')).toEqual([]);

  const mine = path;
  path = join(folder, 'another.db');
  fillFile(path, { ...WHOLE, inbox: [], work: [], attempts: [] });
  expect(await move()).toMatchObject(said(78, `into which an inbox is being moved from ${mine}`));
  path = mine;
  expect((await move()).code).toBe(0);
});

test('two moves into one database at once', async () => {
  const client = await connect(database.url);
  await client.query('SELECT pg_advisory_lock($1)', [0x4373_676d]);
  expect(await move()).toMatchObject(said(1, 'another move into this database is under way'));
  await client.end();
  expect((await move()).code).toBe(0);
});

test('a source that has moved elsewhere, or was put back from a backup', async () => {
  const backup = join(folder, 'backup.db');
  new DatabaseSync(path).exec(`VACUUM INTO '${backup}'`);
  expect((await move()).code).toBe(0);
  // Also by a service that had looked before it moved.
  expect(() => openInboxFile(path)).toThrow(ConfigError);
  const other = await freshDatabase();
  const elsewhere = await move({ DATABASE_URL: other.url });
  expect(elsewhere).toMatchObject(said(78, `which has moved to PostgreSQL at ${place}`));
  await prepareDatabase(other.url, 'another');
  expect(await move({ DATABASE_URL: other.url })).toMatchObject(said(78, 'which has moved to PostgreSQL at'));
  await other.drop();
  path = backup;
  const again = await move();
  expect(again).toMatchObject(
    said(78, 'It is an older copy, or went on by itself: give it a database of its own'),
  );
  await expectOpen();
});

test('a target that was put back from a backup of before the move', async () => {
  await prepareDatabase(database.url, place);
  expect((await move()).code).toBe(0);
  await database.query("DELETE FROM meta WHERE key LIKE 'moved from %'");
  expect(await move()).toMatchObject(said(78, 'has moved, and nothing is known of it there'));
});

/** The database can be worked with. */
async function expectOpen(): Promise<void> {
  const env = { ...SECRETS, DATABASE_URL: database.url };
  const { code, output } = await consignee(['events', 'list', '--config', MOVING], env);
  expect([code, output]).toEqual([0, expect.any(String)]);
}
