/**
 * The key of the fingerprints, which the inbox keeps: made when it is first opened, and taken along by a backup and a move.
 * Uses of secrets that were noted before there was a key get the fingerprints that they would have now.
 */
import type { DatabaseSync } from 'node:sqlite';
import { keyFingerprint, newFingerprintKey } from '../../verify/fingerprint.ts';
import { FINGERPRINT_KEY } from '../contract.ts';
import { prepareQuery, transact } from '../sqlite-file.ts';

export function makeFingerprintKey(database: DatabaseSync): void {
  if (findKey(database) !== undefined) return;
  const key = newFingerprintKey();
  transact(database, () => {
    database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(FINGERPRINT_KEY, key);
    const uses = prepareQuery<{ secret: string }>(database, 'SELECT DISTINCT secret FROM secret_uses').all();
    const name = database.prepare('UPDATE secret_uses SET secret = ? WHERE secret = ?');
    for (const { secret } of uses) name.run(keyFingerprint(key, secret), secret);
  });
}

export function fingerprintKeyOf(database: DatabaseSync): string {
  return findKey(database) ?? '';
}

function findKey(database: DatabaseSync): string | undefined {
  const sql = 'SELECT value FROM meta WHERE key = ?';
  return prepareQuery<{ value: string }>(database, sql).get(FINGERPRINT_KEY)?.value;
}
