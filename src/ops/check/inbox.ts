/** The inbox: sound, durable, with room to grow; and what is kept on this machine of refused requests. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Driver, driverOf } from '../../inbox/driver.ts';
import { RefusedReader } from '../../inbox/refused/reader.ts';
import type { Config } from '../../serve/config/config.ts';
import { isAboutDatabase } from '../../serve/config/database.ts';
import { prefixOf } from '../../serve/config/source.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Settings } from '../settings.ts';
import { type Finding, ofProblem, pass, warn } from './finding.ts';

const MIB = 1_048_576;
/** Says nothing of the inbox if the setting itself is wrong: another line of the checklist says that. */
export async function inboxFindings({ config, problems }: Settings): Promise<Finding[]> {
  if (problems.some(isAboutDatabase)) return [];
  const driver = driverOf(config.database);
  const { problem, remarks } = await driver.examine('thorough');
  if (problem) return [ofProblem('fail', problem)];
  return [
    ...remarks.map(({ subject, isWell, says }) => (isWell ? pass : warn)(subject, says)),
    diskFinding(config, driver),
    ...refusedFindings(config.refusedPath),
  ];
}

function diskFinding({ refusedPath, knobs }: Config, { file }: Driver): Finding {
  const folder = dirname(refusedPath);
  if (!existsSync(folder)) return pass('disk', `${folder} will be made at the first start`);
  const { bavail, bsize } = statfsSync(folder);
  const freeMb = Math.floor((bavail * bsize) / MIB);
  const what = file === undefined ? 'refused requests' : 'the inbox';
  return (freeMb < knobs.alarms.diskFreeMb ? warn : pass)('disk', `${freeMb} MiB free for ${what}`);
}

function refusedFindings(path: string): Finding[] {
  const reader = new RefusedReader(path);
  try {
    const groups = reader.groups();
    if (groups.length === 0) return [pass('refused', 'no refused request waits to be judged again')];
    return groups.map(({ source, code, count, first }) => {
      const many = count === 1 ? 'one request, at' : `${count} requests since`;
      const minute = `${first.slice(0, 10)} ${first.slice(11, 16)} UTC`;
      const fix = fixFor(code, { name: source, prefix: prefixOf(source) });
      const says = `${many} ${minute} failed ${code}: ${refusalOf(code).asks} ${fix}`;
      return warn(`${source} refused`, says);
    });
  } catch (error) {
    return [warn('refused', `what was refused cannot be read: ${(error as Error).message}`)];
  } finally {
    reader.close();
  }
}
