/**
 * Judges the place where the service runs: the inbox, whether it is sound and durable and has room to grow; what is kept of
 * refused requests; and the user.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Driver, driverOf } from '../../inbox/driver.ts';
import { RefusedReader } from '../../inbox/refused/reader.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Config } from '../config/config.ts';
import { isAboutDatabase } from '../config/database.ts';
import { sourceNamed } from '../config/source.ts';
import { type Disk, leastFreeMb, readDisk } from '../disk.ts';
import type { Examined } from './examination.ts';
import { type Finding, fail, notKnown, ofProblem, pass, warn } from './finding.ts';

/** Says nothing of the inbox if the setting itself is wrong: another line of the checklist says that. */
export async function inboxFindings({ config, problems }: Examined): Promise<Finding[]> {
  if (problems.some(isAboutDatabase)) return [];
  const driver = driverOf(config.database);
  const { problem, remarks } = await driver.examine('thorough');
  if (problem) return [ofProblem('fail', problem)];
  return [
    ...remarks.map(({ subject, isWell, says }) => (isWell ? pass : warn)(subject, says)),
    await diskFinding(config, driver),
    ...refusedFindings(config, driver),
  ];
}

/** Less than that is left for others: what comes in is refused with 503 within minutes, if not at once. */
const FULL_MB = 16;

async function diskFinding({ refusedPath, knobs }: Config, { file }: Driver): Promise<Finding> {
  const what = file === undefined ? 'refused requests' : 'the inbox';
  try {
    const disk = await readDisk(dirname(refusedPath));
    return judgeDisk(disk, what, leastFreeMb(disk, knobs.alarms));
  } catch (error) {
    return notKnown('disk', `what is free for ${what} cannot be read: ${(error as Error).message}`);
  }
}

/** `what` is kept there. */
export function judgeDisk({ folder, freeMb, isReadOnly }: Disk, what: string, wantedMb: number): Finding {
  if (isReadOnly) {
    const fix =
      'Every webhook is answered with 503. Mount it for writing, or look why the kernel took that away (`dmesg`)';
    return fail(
      'disk',
      `${folder} is on a file system that is read-only: nothing can be kept for ${what}. ${fix}`,
    );
  }
  const free = `${freeMb} MiB free for ${what}`;
  if (freeMb < FULL_MB)
    return fail('disk', `${free} at ${folder}: it is full. Make room, or give it a larger disk`);
  return (freeMb < wantedMb ? warn : pass)('disk', free);
}

function refusedFindings({ refusedPath, sources }: Config, { isShared }: Driver): Finding[] {
  if (isShared && !existsSync(refusedPath))
    return [notKnown('refused', `each replica keeps its own, and there is none at ${refusedPath}`)];
  const reader = new RefusedReader(refusedPath);
  try {
    const groups = reader.groups();
    if (groups.length === 0) return [pass('refused', 'no refused request waits to be judged again')];
    return groups.map(({ source, code, count, first }) => {
      const many = count === 1 ? 'one request, at' : `${count} requests since`;
      const minute = `${first.slice(0, 10)} ${first.slice(11, 16)} UTC`;
      const fix = fixFor(code, sourceNamed(source, { sources }));
      const says = `${many} ${minute} failed ${code}: ${refusalOf(code).asks} ${fix}`;
      return warn(`${source} refused`, says);
    });
  } catch (error) {
    return [notKnown('refused', `what was refused cannot be read: ${(error as Error).message}`)];
  } finally {
    reader.close();
  }
}

export function userFindings({ production }: Config): Finding[] {
  const id = process.getuid?.();
  if (id === undefined) return [];
  if (id === 0 && production) return [warn('user', 'root in production. Run it as a user of its own')];
  return [pass('user', id === 0 ? 'root' : `number ${id}`)];
}
