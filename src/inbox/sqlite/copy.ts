/** Copies an open inbox page by page, also one that is damaged or whose files have lost their names. Called by thread.ts. */
import { lstatSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';

const STEP_PAGES = 1_000;

/**
 * Throws unless `to` is an empty file of this user: whoever asks has made it, which proves that it may write as this user
 * does. The console may have no token.
 */
export async function copyDatabase(database: DatabaseSync, to: string): Promise<void> {
  const stats = lstatSync(to, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size > 0 || stats.nlink !== 1 || stats.uid !== process.getuid?.()) {
    throw new Error(`${to} is not an empty file of the user that the service runs as`);
  }
  await backup(database, to, { rate: STEP_PAGES });
}
