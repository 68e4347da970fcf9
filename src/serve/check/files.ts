/**
 * Judges who may read the files that Consignee has made, and those that hold its secrets; and who may put others in their place.
 * The start closes what is its user's own: what is found here belongs to somebody else, or has come since.
 */
import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { privateModeOf } from '../../base/private-files.ts';
import { counted } from '../../base/words.ts';
import { driverOf } from '../../inbox/driver.ts';
import { arrivedFile } from '../arrived.ts';
import type { Examined } from './examination.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import type { Slot } from './slots.ts';

const SUBJECT = 'files';
const OTHERS = 0o007;
const OTHERS_MAY_WRITE = 0o002;
const STICKY = 0o1000;

export function fileFindings({ config }: Pick<Examined, 'config'>, slots: readonly Slot[]): Finding[] {
  const { file } = driverOf(config.database);
  const arrived = config.sources.map(({ name }) => arrivedFile(config.dataDir, name));
  const roots = [...new Set([...(file === undefined ? [] : [file]), config.refusedPath, ...arrived])];
  const files = [...new Set(roots.flatMap(filesBeside))];
  const open = files.flatMap(openFinding);
  const folders = [...new Set(roots.map((root) => dirname(root)))].flatMap(folderFinding);
  const secrets = [...new Set(slots.flatMap((slot) => slot.file ?? []))].flatMap(secretFinding);
  const well =
    open.length === 0 && files.length > 0
      ? [
          pass(
            SUBJECT,
            `${counted(files.length, 'file')} of the inbox and of refused requests: closed to others`,
          ),
        ]
      : [];
  return [...open, ...well, ...folders, ...secrets];
}

/** A file, what belongs to it, and what was put aside: their names begin with its name. */
function filesBeside(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const name = basename(path);
  const own = (candidate: string) => candidate === name || candidate.startsWith(`${name}-`);
  return readdirSync(folder)
    .filter(own)
    .map((candidate) => join(folder, candidate))
    .filter((candidate) => statsOf(candidate)?.isFile());
}

function openFinding(path: string): Finding[] {
  const mode = modeOf(path);
  const wanted = privateModeOf(path);
  if ((mode & ~wanted) === 0) return [];
  return [
    fail(
      SUBJECT,
      `others may read ${path} (mode ${octal(mode)}): chmod ${octal(wanted)} ${path}, or restart the service, if it is its user’s`,
    ),
  ];
}

function folderFinding(path: string): Finding[] {
  const stats = statsOf(path);
  if (!stats || (stats.mode & OTHERS_MAY_WRITE) === 0 || (stats.mode & STICKY) !== 0) return [];
  const says = `others may put files of their own into ${path} (mode ${octal(stats.mode & 0o777)})`;
  return [fail(SUBJECT, `${says}: chmod o-w ${path}`)];
}

/** Orchestrators mount secrets for everybody in the container, who is the service alone. */
function secretFinding(path: string): Finding[] {
  const mode = modeOf(path);
  if ((mode & OTHERS) === 0) return [];
  const fix = `chmod o= ${path}; where it is mounted, give the mount a mode of its own, such as 0440`;
  return [warn(SUBJECT, `others may read the secrets in ${path} (mode ${octal(mode)}): ${fix}`)];
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function modeOf(path: string): number {
  return (statsOf(path)?.mode ?? 0) & 0o777;
}

function octal(mode: number): string {
  return mode.toString(8);
}
