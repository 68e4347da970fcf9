/** Asks npm for known vulnerabilities in the packages that run in production. */
import { join } from 'node:path';
import { type Finding, fail, notKnown, pass, warn } from '../../serve/check/finding.ts';
import { runTool } from './programs.ts';

const OWN_FOLDER = join(import.meta.dirname, '../../..');
const SUBJECT = 'npm audit';
const TIMEOUT_MS = 5_000;
const ARGS = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--no-update-notifier', '--logs-max=0'];

interface AuditReport {
  readonly metadata: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities: Readonly<Record<string, { readonly severity: string }>>;
}

/** If npm is here and its registry answers. */
export async function auditFinding(timeoutMs = TIMEOUT_MS): Promise<Finding> {
  const asked = await runTool('npm', ARGS, OWN_FOLDER, timeoutMs);
  if (!asked) return notKnown(SUBJECT, 'not asked: npm is not here');
  const report = reportIn(asked.stdout);
  if (!report) return notKnown(SUBJECT, 'npm’s registry gave no report within 5 s');
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
