/** Judges the machine: the user that the service runs as, and known vulnerabilities in the packages that run in production. */
import { join } from 'node:path';
import type { Config } from '../../serve/config/config.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import { runTool } from './programs.ts';

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
export async function auditFinding(): Promise<Finding> {
  const asked = await runTool('npm', ARGS, OWN_FOLDER, TIMEOUT_MS);
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
