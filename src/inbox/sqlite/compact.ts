/**
 * Writes an SQLite inbox anew without what is unused in it, so that the disk gets it back: in its place, or into a new file on another
 * disk. No service may have it open meanwhile. Called by driver.ts.
 */
import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFile, makePrivateFolder, syncFile } from '../../base/private-files.ts';
import type { Compacted } from '../driver.ts';
import { numberFrom } from '../sqlite-file.ts';
import { openInboxFile, PAGE_BYTES, takeOwnership } from './files.ts';

/** Throws ConfigError if a service owns the inbox. If the disk refuses, the inbox stays as it was. */
export function compactInbox(path: string, to: string | undefined): Compacted {
  const owner = takeOwnership(path);
  try {
    const database = openInboxFile(path);
    try {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      const before = statSync(path).size;
      const unused = numberFrom(database, 'PRAGMA freelist_count') * PAGE_BYTES;
      if (to === undefined) database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
      else {
        makePrivateFolder(dirname(to));
        makePrivateFile(to);
        try {
          database.prepare('VACUUM INTO ?').run(to);
          syncFile(to);
        } catch (error) {
          rmSync(to, { force: true });
          throw error;
        }
      }
      return { before, unused, after: statSync(to ?? path).size };
    } finally {
      database.close();
    }
  } finally {
    owner.close();
  }
}
