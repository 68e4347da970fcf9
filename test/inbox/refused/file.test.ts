/** The file of refused requests that an earlier or a later release has left, or that is damaged: never thrown away. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RefusedClient } from '../../../src/inbox/refused/client.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  path = join(folder, 'refused.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const REFUSED = {
  id: 'ref_1',
  source: 'one',
  receivedAt: Date.now(),
  code: 'hmac_mismatch',
  reason: 'the signature does not match any live secret',
  address: '203.0.113.1',
  headers: '{}',
  credentials: '[]',
  enforced: 'hmac',
  body: Buffer.from('{"id":1}'),
};

/** As 0.1.0 made it. */
function makeOld(more = ''): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE refused (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, received_at INTEGER NOT NULL, source TEXT NOT NULL,
    code TEXT NOT NULL, reason TEXT NOT NULL, address TEXT NOT NULL, headers TEXT NOT NULL, credentials TEXT NOT NULL,
    token_digest BLOB, body BLOB NOT NULL) STRICT;
    CREATE INDEX refused_source ON refused (source, number);
    PRAGMA user_version = 1; ${more}`);
  database
    .prepare(
      "INSERT INTO refused VALUES (1, 'ref_old', ?, 'one', 'hmac_mismatch', '', '', '{}', '[]', NULL, ?)",
    )
    .run(Date.now(), Buffer.from('old'));
  database.close();
}

async function opened(): Promise<{ ids: string[]; said: Record<string, unknown>[] }> {
  const said: Record<string, unknown>[] = [];
  const note = (fields: object) => void said.push({ ...fields });
  const client = new RefusedClient(
    path,
    { bytesMax: 1_048_576, bytesMaxOfAll: 1_048_576, days: 7 },
    { debug: note, info: note, warn: note, error: note },
  );
  client.keep(REFUSED, false);
  const ids = (await client.next('one', 0, 16)).map(({ id }) => id);
  await client.close();
  return { ids, said };
}
const aside = () => readdirSync(folder).filter((name) => /-aside-[\dTZ.-]+$/.test(name));

test('one of the first release is brought up to date, with all that is in it', async () => {
  makeOld();
  expect(await opened()).toEqual({ ids: ['ref_old', 'ref_1'], said: [] });
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 5 });
  database.close();
});

test('one of a newer release is put aside as it is, which is said, and a new one is made', async () => {
  makeOld('PRAGMA user_version = 99');
  const { ids, said } = await opened();
  expect(ids).toEqual(['ref_1']);
  const [name] = aside() as [string];
  const reason = 'it was written by a newer Consignee (schema 99, this one knows 5)';
  expect(said).toEqual([{ path: join(folder, name), reason }]);
  const database = new DatabaseSync(join(folder, name), { readOnly: true });
  expect(database.prepare('SELECT id FROM refused').all()).toEqual([{ id: 'ref_old' }]);
  database.close();
  // It is put aside once.
  expect((await opened()).said).toEqual([]);
});

test('one that is damaged is put aside byte for byte, which is said, and a new one is made', async () => {
  makeOld();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 100, 3_000);
  writeFileSync(path, bytes);
  const { ids, said } = await opened();
  expect(ids).toEqual(['ref_1']);
  const [name] = aside() as [string];
  expect(said).toEqual([{ path: join(folder, name), reason: expect.stringContaining('it is damaged') }]);
  expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
});
