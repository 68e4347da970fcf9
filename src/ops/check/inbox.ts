/** The inbox: sound, durable, with room to grow; and what is kept on this machine of refused requests. */

import { closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from '../../inbox/contract.ts';
import { examineDatabase } from '../../inbox/postgres/schema.ts';
import { RefusedReader } from '../../inbox/refused/reader.ts';
import { examineInbox } from '../../inbox/sqlite/files.ts';
import type { Config } from '../../serve/config/config.ts';
import { isAboutDatabase } from '../../serve/config/database.ts';
import { type Transport, transportOf } from '../../serve/config/postgres-url.ts';
import { prefixOf } from '../../serve/config/source.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Settings } from '../settings.ts';
import { minuteOf } from '../words.ts';
import { type Finding, ofProblem, pass, warn } from './finding.ts';

const MIB = 1_048_576;
/** The service cuts it back to 64 MiB; far beyond that something keeps it from doing so. */
const WAL_MB_MOST = 256;
/** In the header of an SQLite file: https://www.sqlite.org/fileformat.html */
const WRITE_VERSION_AT = 18;
const WAL_VERSION = 2;

/** Without a verdict on the inbox when the setting itself is wrong: that has been told. */
export async function inboxFindings({ config, problems }: Settings): Promise<Finding[]> {
  if (problems.some(isAboutDatabase)) return [];
  const { database } = config;
  const found = database.kind === 'sqlite' ? ofFile(database.path) : await ofDatabase(database);
  if (found.some(({ verdict }) => verdict === 'fail')) return found;
  return [...found, diskFinding(config), ...refusedFindings(config.refusedPath)];
}

function ofFile(path: string): Finding[] {
  const problem = examineInbox(path, true);
  if (problem) return [ofProblem('fail', problem)];
  const isThere = existsSync(path);
  return [soundFinding(path, isThere), ...(isThere ? [durabilityFinding(path)] : [])];
}

async function ofDatabase({ url, place }: Extract<Database, { kind: 'postgres' }>): Promise<Finding[]> {
  const { problem, warnings, isThere, version } = await examineDatabase(url, place);
  if (problem) return [ofProblem('fail', problem)];
  const isDurable = pass('durability', 'fsync and synchronous_commit are on');
  return [
    soundFinding(`${place}, PostgreSQL ${version}`, isThere),
    ...(warnings.length === 0 ? [isDurable] : warnings.map((says) => warn('durability', says))),
    transportFinding(transportOf(url)),
  ];
}

function soundFinding(place: string, isThere: boolean): Finding {
  return pass('inbox', `${place}: ${isThere ? 'sound' : 'will be made at the first start'}`);
}

function transportFinding(transport: Transport): Finding {
  const subject = 'database TLS';
  if (transport === 'inside') return pass(subject, 'not needed: the database is on this machine');
  if (transport === 'verified') return pass(subject, 'on, and the certificate is checked');
  const isOn = transport === 'encrypted';
  const says = isOn ? 'on, but any certificate is taken' : 'off: events cross the network in the open';
  return warn(subject, `${says}. Set sslmode=verify-full`);
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

function diskFinding({ database, refusedPath, knobs }: Config): Finding {
  const folder = dirname(refusedPath);
  if (!existsSync(folder)) return pass('disk', `${folder} will be made at the first start`);
  const { bavail, bsize } = statfsSync(folder);
  const freeMb = Math.floor((bavail * bsize) / MIB);
  const what = database.kind === 'sqlite' ? 'the inbox' : 'refused requests';
  return (freeMb < knobs.alarms.diskFreeMb ? warn : pass)('disk', `${freeMb} MiB free for ${what}`);
}

function refusedFindings(path: string): Finding[] {
  const reader = new RefusedReader(path);
  try {
    const groups = reader.groups();
    if (groups.length === 0) return [pass('refused', 'no refused request waits to be judged again')];
    return groups.map(({ source, code, count, first }) => {
      const many = count === 1 ? 'one request, at' : `${count} requests since`;
      const fix = fixFor(code, { name: source, prefix: prefixOf(source) });
      const says = `${many} ${minuteOf(first)} failed ${code}: ${refusalOf(code).asks} ${fix}`;
      return warn(`${source} refused`, says);
    });
  } catch (error) {
    return [warn('refused', `what was refused cannot be read: ${(error as Error).message}`)];
  } finally {
    reader.close();
  }
}
