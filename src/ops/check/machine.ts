/**
 * Judges the place where the service runs: the inbox, whether it is sound and durable and has room to grow; what is kept of
 * refused requests; the user; and known vulnerabilities in the packages that run in production.
 */
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Driver, driverOf } from '../../inbox/driver.ts';
import { RefusedReader } from '../../inbox/refused/reader.ts';
import type { Config } from '../../serve/config/config.ts';
import { isAboutDatabase } from '../../serve/config/database.ts';
import { prefixOf } from '../../serve/config/source.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Settings } from '../settings.ts';
import { type Finding, fail, ofProblem, pass, warn } from './finding.ts';
import { runTool } from './programs.ts';

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

const OWN_FOLDER = join(import.meta.dirname, '../../..');
const SUBJECT = 'npm audit';
const TIMEOUT_MS = 5_000;
const ARGS = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--no-update-notifier', '--logs-max=0'];

interface AuditReport {
  readonly metadata: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities: Readonly<Record<string, { readonly severity: string }>>;
}

export function userFindings({ production }: Config): Finding[] {
  const id = process.getuid?.();
  if (id === undefined) return [];
  if (id === 0 && production) return [warn('user', 'root in production. Run it as a user of its own')];
  return [pass('user', id === 0 ? 'root' : `number ${id}`)];
}

/** If npm is here and its registry answers. */
export async function auditFinding(timeoutMs = TIMEOUT_MS): Promise<Finding> {
  const asked = await runTool('npm', ARGS, OWN_FOLDER, timeoutMs);
  if (!asked) return pass(SUBJECT, 'not asked: npm is not here');
  const report = reportIn(asked.stdout);
  if (!report) return pass(SUBJECT, 'not known: npm’s registry gave no report within 5 s');
  const { total = 0, high = 0, critical = 0 } = report.metadata.vulnerabilities;
  if (total === 0) return pass(SUBJECT, 'no known vulnerability in what runs in production');
  const names = Object.entries(report.vulnerabilities).map(([name, { severity }]) => `${name} (${severity})`);
  const says = `known vulnerabilities in ${names.join(', ')}. See npm audit --omit=dev, and update`;
  return (high + critical > 0 ? fail : warn)(SUBJECT, says);
}

/** None in what npm says when it could not ask. */
function reportIn(text: string): AuditReport | undefined {
  try {
    const report = JSON.parse(text) as Partial<AuditReport>;
    return report.metadata?.vulnerabilities && report.vulnerabilities ? (report as AuditReport) : undefined;
  } catch {
    return undefined;
  }
}
