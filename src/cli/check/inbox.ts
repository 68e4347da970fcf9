/** The inbox’s file: sound, durable, with room to grow; and what is kept beside it of refused requests. */
import { closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { examineInbox } from '../../inbox/sqlite/files.ts';
import { RefusedReader } from '../../refused/reader.ts';
import { refusedPath } from '../../refused/store.ts';
import { minuteOf } from '../secret/ago.ts';
import type { Settings } from '../settings.ts';
import { type Finding, ofProblem, pass, warn } from './finding.ts';

const MIB = 1_048_576;
/** The service cuts it back to 64 MiB; far beyond that something keeps it from doing so. */
const WAL_MB_MOST = 256;
/** In the header of an SQLite file: https://www.sqlite.org/fileformat.html */
const WRITE_VERSION_AT = 18;
const WAL_VERSION = 2;

/** Without a verdict on the file when the setting itself is wrong: that has been told. */
export function inboxFindings({ config: { inboxPath, knobs }, problems }: Settings): Finding[] {
  if (problems.some(({ setting }) => setting === 'DATABASE_URL')) return [];
  const problem = examineInbox(inboxPath, true);
  if (problem) return [ofProblem('fail', problem)];
  const isThere = existsSync(inboxPath);
  return [
    pass('inbox', `${inboxPath}: ${isThere ? 'sound' : 'will be made at the first start'}`),
    ...(isThere ? [durabilityFinding(inboxPath)] : []),
    diskFinding(inboxPath, knobs.alarms.diskFreeMb),
    ...refusedFindings(inboxPath),
  ];
}

function durabilityFinding(path: string): Finding {
  const subject = 'write-ahead log';
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  const walMb = Math.ceil((wal?.size ?? 0) / MIB);
  if (!hasWriteAheadLog(path)) return warn(subject, 'off; the service switches it on at its next start');
  if (walMb <= WAL_MB_MOST) return pass(subject, `on, ${walMb} MiB`);
  const fix = 'Something reads the inbox without end: look for an open sqlite3 or a stuck backup';
  return warn(subject, `has grown to ${walMb} MiB. ${fix}`);
}

function hasWriteAheadLog(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const version = Buffer.alloc(1);
    readSync(file, version, 0, 1, WRITE_VERSION_AT);
    return version[0] === WAL_VERSION;
  } finally {
    closeSync(file);
  }
}

function diskFinding(path: string, leastMb: number): Finding {
  const { bavail, bsize } = statfsSync(dirname(path));
  const freeMb = Math.floor((bavail * bsize) / MIB);
  return (freeMb < leastMb ? warn : pass)('disk', `${freeMb} MiB free for the inbox`);
}

function refusedFindings(inboxPath: string): Finding[] {
  const reader = new RefusedReader(refusedPath(inboxPath));
  try {
    const groups = reader.groups();
    if (groups.length === 0) return [pass('refused', 'no refused request waits to be judged again')];
    return groups.map(({ source, code, count, first }) => {
      const many = count === 1 ? 'one request, at' : `${count} requests since`;
      const says = `${many} ${minuteOf(first)} failed ${code}: ${questionOn(code, source)}`;
      return warn(`${source} refused`, says);
    });
  } catch (error) {
    return [warn('refused', `what was refused cannot be read: ${(error as Error).message}`)];
  } finally {
    reader.close();
  }
}

function questionOn(code: string, source: string): string {
  if (/_mismatch$/.test(code)) return `was the secret rotated? npm run secret -- rotate ${source}`;
  if (/_missing$/.test(code)) return 'is the check switched on at the provider? See docs/refusals.md';
  return 'see docs/refusals.md, and npm run events -- refused list';
}
