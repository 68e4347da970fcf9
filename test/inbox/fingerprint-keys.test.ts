/** Each inbox has one key for the fingerprints of secrets, whoever opens it, and what was noted before there was one is not lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { driverOf } from '../../src/inbox/driver.ts';
import { moveInbox } from '../../src/inbox/move.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import type { InboxReader } from '../../src/inbox/reader.ts';
import { openSource } from '../../src/inbox/sqlite/export.ts';
import { openInboxFile } from '../../src/inbox/sqlite/files.ts';
import { fingerprintOf, keyFingerprint } from '../../src/verify/fingerprint.ts';
import { freshDatabase } from '../harness/postgres.ts';

const PLACE = 'the test’s';
const PLAIN = fingerprintOf('a secret of the time before there were keys');
const USE = `('jobs', 'hmac', '${PLAIN}', 'X', 3, 1000)`;
const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Secrets {
  readonly key: string | undefined;
  readonly used: readonly string[];
}

async function secretsIn(reader: InboxReader | undefined): Promise<Secrets> {
  try {
    const uses = (await reader?.secretUses()) ?? [];
    return { key: await reader?.fingerprintKey(), used: uses.map(({ secret }) => secret) };
  } finally {
    await reader?.close();
  }
}
const inFile = async (path: string) => await secretsIn(await driverOf({ kind: 'sqlite', path }).openReader());
const inDatabase = async (url: string) =>
  await secretsIn(await driverOf({ kind: 'postgres', url, place: PLACE }).openReader());

/** A file as the release before would leave it. */
function fileWithoutKey(name: string): string {
  const path = join(folder, name);
  const database = openInboxFile(path);
  database.exec(`DELETE FROM meta WHERE key = 'fingerprint key'; INSERT INTO secret_uses VALUES ${USE}`);
  database.close();
  return path;
}

function expectKeyed({ key = '', used }: Secrets): void {
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(used).toEqual([keyFingerprint(key, PLAIN)]);
}

test('a file gets its key when it is opened, with it new names for the uses of secrets, and both stay', async () => {
  const path = fileWithoutKey('inbox.db');
  expect((await inFile(path)).key).toBeUndefined();
  openInboxFile(path).close();
  const once = await inFile(path);
  expectKeyed(once);
  openInboxFile(path).close();
  expect(await inFile(path)).toEqual(once);
});

test('a database has one key for all replicas, which may start at the same time', async () => {
  const database = await freshDatabase();
  await prepareDatabase(database.url, PLACE);
  await database.query("DELETE FROM meta WHERE key = 'fingerprint key'");
  await database.query(`INSERT INTO secret_uses VALUES ${USE}`);
  await Promise.all([1, 2, 3].map(() => prepareDatabase(database.url, PLACE)));
  const once = await inDatabase(database.url);
  expectKeyed(once);
  await prepareDatabase(database.url, PLACE);
  expect(await inDatabase(database.url)).toEqual(once);
  await database.drop();
});

test('an inbox that moves takes its key along', async () => {
  const database = await freshDatabase();
  await prepareDatabase(database.url, PLACE);
  const own = await inDatabase(database.url);
  const path = fileWithoutKey('moves.db');
  const source = openSource(path);
  await moveInbox({ source, from: path, url: database.url, place: PLACE, leaseMs: 1, tell: () => {} });
  source.close();
  const moved = await inDatabase(database.url);
  expectKeyed(moved);
  expect(moved.key).not.toBe(own.key);
  await database.drop();
});
