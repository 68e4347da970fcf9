/**
 * The mark of an inbox that has moved to another place: its events stay readable with other tools, its work is gone, and
 * nobody opens it any more. Set by the move (export.ts), heeded by whoever opens an inbox.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Problem } from '../../base/errors.ts';

export interface Moved {
  /** As people are to see it. */
  readonly place: string;
  /** The name of the inbox there. */
  readonly inbox: string;
}

export function movedTo(database: DatabaseSync): Moved | undefined {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'moved'").get();
  return row && (JSON.parse(String(row.value)) as Moved);
}

/** Also removes all work: an older release does not know the mark, and must find nothing to do. */
export function markMoved(database: DatabaseSync, moved: Moved): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.prepare("INSERT INTO meta VALUES ('moved', ?)").run(JSON.stringify(moved));
    database.exec('DELETE FROM work; COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Returns undefined if the inbox in that file has not moved. */
export function movedProblemAt(path: string): Problem | undefined {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  try {
    const moved = movedTo(database);
    return moved && movedProblem(path, moved);
  } finally {
    database.close();
  }
}

export function movedProblem(path: string, { place }: Moved): Problem {
  const wrong = `names ${path}, which has moved to PostgreSQL at ${place}`;
  return { setting: 'DATABASE_URL', wrong, fix: 'Set it to the URL of that database.' };
}
