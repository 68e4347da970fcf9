/**
 * The examination that the checklist is made of: what can be known of the settings, of the secrets and of the place where the service runs
 * without any other program. Made by `consignee check`, which adds what only a command can look at, and for the console by
 * process.ts. It changes nothing, and never shows the value of a secret.
 */
import type { Environment } from '../../base/settings/environment.ts';
import type { Reading } from '../config/config.ts';
import type { ServiceStatus } from '../status.ts';
import { redactionFinding } from './canary.ts';
import { logLevelFinding, settingFindings, sourceFindings } from './configuration.ts';
import { NO_EVIDENCE, readEvidence } from './evidence.ts';
import { fileFindings } from './files.ts';
import type { Finding } from './finding.ts';
import { inboxFindings, userFindings } from './machine.ts';
import { ageFindings, useFindings } from './secrets.ts';
import { serviceFindings } from './service.ts';
import { allSlots } from './slots.ts';
import { allowlistFindings, clockFindings, edgeFindings, observedFindings } from './traffic.ts';

/** A reading of the settings, and the variables that it was made of. */
export interface Examined extends Reading {
  readonly environment: Environment;
  /** A page has fingerprints of secrets only; a command is told the first and last letters too. */
  readonly isForPage?: boolean;
}

/** In the order of the checklist. */
interface CheckedParts {
  readonly settings: readonly Finding[];
  readonly secrets: readonly Finding[];
  /** The edge, the inbox, the service, the machine. */
  readonly place: readonly Finding[];
}

/** `status`: what the service says of itself; undefined if nobody can ask it. */
export async function examine(
  examined: Examined,
  status: ServiceStatus | undefined | Promise<ServiceStatus | undefined>,
): Promise<CheckedParts> {
  const { config, environment } = examined;
  const now = Date.now();
  const slots = allSlots(config, environment);
  const inbox = await inboxFindings(examined);
  // An inbox that is not sound is not read.
  const isSound = inbox.some(({ subject }) => subject === 'inbox');
  const evidence = isSound ? await readEvidence(config) : NO_EVIDENCE;
  const told = await status;
  return {
    settings: [
      ...settingFindings(examined),
      ...sourceFindings(examined),
      ...observedFindings(config, evidence),
      ...(await allowlistFindings(config, evidence)),
    ],
    secrets: [...ageFindings(slots, examined, now), ...useFindings(examined, evidence, now)],
    place: [
      ...edgeFindings(config, evidence),
      ...inbox,
      ...(isSound ? fileFindings(examined, slots) : []),
      ...(told ? serviceFindings(config, told, now) : []),
      ...clockFindings(config, evidence),
      ...userFindings(config),
      logLevelFinding(examined),
      redactionFinding(),
    ],
  };
}
