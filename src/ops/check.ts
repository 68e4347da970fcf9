/**
 * `consignee check`: the security checklist, one line each: pass, warn, fail or not known, with the fix. Exit 1 if anything fails.
 *
 * It asks the running service too, if there is one. It changes nothing, and runs beside the service, before its first start, or in the container. Each subject has a file in
 * check/. Values of secrets are never printed.
 */
import { parseArgs } from 'node:util';
import { isAboutDatabase } from '../serve/config/database.ts';
import { redactionFinding } from './check/canary.ts';
import { logLevelFinding, settingFindings, sourceFindings } from './check/configuration.ts';
import { NO_EVIDENCE, readEvidence } from './check/evidence.ts';
import { fileFindings } from './check/files.ts';
import type { Finding } from './check/finding.ts';
import { leakFindings, sharedFindings } from './check/leaks.ts';
import { auditFinding, inboxFindings, userFindings } from './check/machine.ts';
import { findWorkTree } from './check/programs.ts';
import { ageFindings, envFileFindings, onlineFindings, originFinding, useFindings } from './check/secrets.ts';
import { serviceFindings } from './check/service.ts';
import { allowlistFindings, clockFindings, edgeFindings, observedFindings } from './check/traffic.ts';
import { allSlots } from './secret/slots.ts';
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
  sayRows(findings, values.json, ({ verdict, subject, says }) => [verdict, subject, says]);
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
  const now = Date.now();
  const slots = allSlots(config, environment);
  // Asked for at first, since others answer.
  const [audit, keys] = [auditFinding(), online ? onlineFindings(environment) : []];
  const status = settings.problems.some(isAboutDatabase) ? undefined : findStatus(config);
  const tree = await findWorkTree('.');
  const inbox = await inboxFindings(settings);
  // An inbox that is not sound is not read.
  const isSound = inbox.some(({ subject }) => subject === 'inbox');
  const evidence = isSound ? await readEvidence(config) : NO_EVIDENCE;
  return [
    ...settingFindings(settings),
    ...sourceFindings(settings),
    ...observedFindings(config, evidence),
    ...(await allowlistFindings(config, evidence)),
    originFinding(slots, given),
    ...ageFindings(slots, settings, now),
    ...useFindings(settings, evidence, now),
    ...(await envFileFindings(tree)),
    ...(await leakFindings(slots, tree)),
    ...(await sharedFindings(slots, against)),
    ...(await keys),
    ...edgeFindings(config, evidence),
    ...inbox,
    ...(isSound ? fileFindings(settings, slots) : []),
    ...(status ? serviceFindings(config, await status, now) : []),
    ...clockFindings(config, evidence),
    ...userFindings(config),
    logLevelFinding(settings),
    redactionFinding(),
    await audit,
  ];
}
