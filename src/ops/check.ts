/**
 * `consignee check`: the security checklist, one line each: pass, warn, fail or not known, with the fix. Exit 1 if anything fails.
 *
 * It asks the running service too, if there is one. It changes nothing, and runs beside the service, before its first start, or in the container. The examination that the
 * console makes too is in serve/check/; check/ has what only a command can look at. Values of secrets are never printed.
 */
import { parseArgs } from 'node:util';
import { typed } from '../base/typed.ts';
import { examine } from '../serve/check/examination.ts';
import type { Finding } from '../serve/check/finding.ts';
import { allSlots } from '../serve/check/slots.ts';
import { isAboutDatabase } from '../serve/config/database.ts';
import { leakFindings, sharedFindings } from './check/leaks.ts';
import { auditFinding, findWorkTree } from './check/programs.ts';
import { envFileFindings, onlineFindings, originFinding } from './check/secrets.ts';
import { findStatus } from './service-status.ts';
import { readSettings, type Settings } from './settings.ts';
import { FLAG, say, sayRows, TEXT } from './terminal.ts';

export const usage = `Usage: npm run check -- [--online] [--against FILE]… [--json]

  --against FILE  settings of another environment, as in ../staging/.env: no
                  live secret of this one may stand there
  --online        ask Flexport whether FLEXPORT_API_KEY and
                  FLEXPORT_API_KEY_NEXT work
  --json          one JSON object a line

The running service is asked for its alarms; if none answers, that is not known,
and no failure. Exit 1 if anything fails.
`;

interface CheckOptions {
  readonly against: readonly string[];
  readonly online: boolean;
  /** The variables that were there before `.env` was read. */
  readonly given: ReadonlySet<string>;
}

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { against: { ...TEXT, multiple: true, default: [] }, online: FLAG, json: FLAG, config: TEXT },
  });
  const given = new Set(Object.keys(process.env));
  const settings = await readSettings(values.config);
  const findings = await examineAll(settings, { ...values, given });
  sayRows(findings, values.json, ({ verdict, subject, says }) => [verdict, subject, typed(says)]);
  const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
  if (values.json) return failed === 0 ? 0 : 1;
  const unknown = findings.filter(({ verdict }) => verdict === 'not known').length;
  say(unknown === 0 ? '' : `\n${unknown} of ${findings.length} are not known.`);
  say(failed === 0 ? 'Nothing fails.' : `${failed} of ${findings.length} fail.`);
  return failed === 0 ? 0 : 1;
}

/** The order of the table: the settings, the secrets, the edge, the inbox, the machine. */
async function examineAll(settings: Settings, { against, online, given }: CheckOptions): Promise<Finding[]> {
  const { config, environment } = settings;
  const slots = allSlots(config, environment);
  // Asked for at first, since others answer.
  const [audit, keys] = [auditFinding(), online ? onlineFindings(environment) : []];
  const status = settings.problems.some(isAboutDatabase) ? undefined : findStatus(config);
  const tree = await findWorkTree('.');
  const { settings: ofSettings, secrets, place } = await examine(settings, status);
  return [
    ...ofSettings,
    originFinding(slots, given),
    ...secrets,
    ...(await envFileFindings(tree)),
    ...(await leakFindings(slots, tree)),
    ...(await sharedFindings(slots, against)),
    ...(await keys),
    ...place,
    await audit,
  ];
}
