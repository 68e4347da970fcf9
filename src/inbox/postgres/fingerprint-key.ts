/**
 * The key of the fingerprints, which all replicas find in the database: made by whoever first prepares it, and replaced only by
 * that of an inbox which moves in. Uses that were noted before there was a key get the fingerprints that they would have now.
 */
import type pg from 'pg';
import { keyFingerprint, newFingerprintKey } from '../../verify/fingerprint.ts';
import { FINGERPRINT_KEY } from '../contract.ts';
import { metaOf, setMeta } from './schema.ts';

export async function hasFingerprintKey(client: pg.ClientBase): Promise<boolean> {
  return (await metaOf(client, FINGERPRINT_KEY)) !== undefined;
}

/** Called in a transaction that has the lock of migrations, so that no other replica makes one at the same time. */
export async function addFingerprintKey(client: pg.ClientBase): Promise<void> {
  const key = newFingerprintKey();
  await client.query('INSERT INTO meta VALUES ($1, $2)', [FINGERPRINT_KEY, key]);
  const { rows } = await client.query<{ secret: string }>('SELECT DISTINCT secret FROM secret_uses');
  for (const { secret } of rows) {
    await client.query('UPDATE secret_uses SET secret = $1 WHERE secret = $2', [
      keyFingerprint(key, secret),
      secret,
    ]);
  }
}

/** What was noted here by another key, before the first event came, nobody could read any more. */
export async function takeFingerprintKey(client: pg.ClientBase, key: string): Promise<void> {
  await client.query('DELETE FROM secret_uses');
  await setMeta(client, FINGERPRINT_KEY, key);
}
