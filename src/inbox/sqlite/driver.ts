/** The inbox in an SQLite file. See ../driver.ts. */
import { existsSync, statSync } from 'node:fs';
import { ConfigError } from '../../base/errors.ts';
import type { DatabaseReading, Driver, Inspection, Remark } from '../driver.ts';
import { doubtsOf } from '../migration-files.ts';
import type { InboxWriter } from '../operator.ts';
import { fitOfFile } from '../sqlite-file.ts';
import type { StoredSource } from '../stored-source.ts';
import { compactInbox } from './compact.ts';
import { examineInbox, inboxMigrations, readHeader, takeOwnership } from './files.ts';
import { openSqliteWriter } from './operator.ts';
import { openSqliteReader, readSqlitePast } from './reader.ts';
import { rescueInbox } from './rescue.ts';

const MIB = 1_048_576;
/** The service cuts it back to 64 MiB; far beyond that something keeps it from doing so. */
const WAL_MB_MOST = 256;
/** In the header of an SQLite file. */
const WRITE_VERSION_AT = 18;
const WAL_VERSION = 2;

export function sqliteDriver(path: string): Driver {
  return {
    place: path,
    file: path,
    isShared: false,
    // The thread cannot speak while it waits for the disk, so that one late arrival tells all there is to know.
    thread: { module: new URL('./thread.ts', import.meta.url), unreadyMs: 0 },
    examine: async (thoroughness) => inspectFile(path, thoroughness === 'thorough'),
    openReader: async () => (existsSync(path) ? openSqliteReader(path) : undefined),
    openWriter: (sources) => openWriterUnlessOwned(path, sources),
    async rescue(from, to, sources) {
      if (from !== 'inbox') return rescueInbox(from.copy, to, sources);
      const owner = takeOwnership(path);
      try {
        return rescueInbox(path, to, sources);
      } finally {
        owner.close();
      }
    },
    compact: (to) => compactInbox(path, to),
    readPast: (from, until, signal) => readSqlitePast(path, from, until, signal),
  };
}

export function readSqliteDatabase(written: string): DatabaseReading {
  const isPath = /^sqlite:(?!\/\/).+/.test(written) && written !== 'sqlite::memory:';
  const path = isPath ? written.slice('sqlite:'.length) : '';
  const wrong = 'is not of the form sqlite:<path of a file>';
  const fix =
    'Write it as sqlite:data/inbox.db, or for PostgreSQL as postgres://user:password@host:5432/database.';
  return {
    database: { kind: 'sqlite', path },
    mistakes: isPath ? [] : [{ wrong, fix }],
    isInTheOpen: false,
  };
}

/** The file has one owner: undefined if that is a running service. */
async function openWriterUnlessOwned(
  path: string,
  sources: ReadonlyMap<string, StoredSource>,
): Promise<InboxWriter | undefined> {
  try {
    return openSqliteWriter(path, sources);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function inspectFile(path: string, isThorough: boolean): Inspection {
  const problem = examineInbox(path, isThorough);
  const isThere = existsSync(path);
  if (problem) return { problem, remarks: [] };
  const doubts = isThere ? doubtsOf(fitOfFile(path, inboxMigrations)) : [];
  if (!isThorough) return { remarks: doubts };
  const says = `${path}: ${isThere ? 'sound' : 'will be made at the first start'}`;
  const inbox = { subject: 'inbox', isWell: true, says };
  return { remarks: [inbox, ...doubts, ...(isThere ? [walRemark(path)] : [])] };
}

function walRemark(path: string): Remark {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  const walMb = Math.ceil((wal?.size ?? 0) / MIB);
  const remark = (isWell: boolean, says: string) => ({ subject: 'write-ahead log', isWell, says });
  const hasWriteAheadLog = readHeader(path)[WRITE_VERSION_AT] === WAL_VERSION;
  if (!hasWriteAheadLog) return remark(false, 'off; the service switches it on at its next start');
  if (walMb <= WAL_MB_MOST) return remark(true, `on, ${walMb} MiB`);
  const fix = 'Something reads the inbox without end: look for an open sqlite3 or a stuck backup';
  return remark(false, `has grown to ${walMb} MiB. ${fix}`);
}
