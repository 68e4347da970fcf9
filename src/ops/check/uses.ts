/** Which live secrets really prove requests, which may go, and who still signs with SHA-1. */

import type { Environment } from '../../base/settings/environment.ts';
import type { Config } from '../../serve/config/config.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import type { SecretScheme } from '../../verify/schemes.ts';
import { nameOfSecret, type Slot, secretSchemesOf, slotsOfSource } from '../secret/slots.ts';
import { mayGo, type RecordedUse, sayUse, useOf } from '../secret/uses.ts';
import { ago, counted } from '../words.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, pass, warn } from './finding.ts';

export function useFindings(
  { sources }: Config,
  environment: Environment,
  evidence: Evidence,
  now: number,
): Finding[] {
  return sources.flatMap((source) => [
    ...secretSchemesOf(source).flatMap((scheme) =>
      slotFindings(source, scheme, slotsOfSource(source, scheme, environment), evidence, now),
    ),
    ...sha1Findings(source, evidence, now),
  ]);
}

function slotFindings(
  { name }: SourceConfig,
  scheme: SecretScheme,
  slots: readonly Slot[],
  { uses }: Evidence,
  now: number,
): Finding[] {
  const useOfSlot = ({ value }: Slot) => useOf(uses, name, scheme, value);
  const current = slots.find(({ isCurrent }) => isCurrent);
  const currentUse = current && useOfSlot(current);
  return slots.map((slot) => {
    const use = useOfSlot(slot);
    const says = `${slot.label} ${nameOfSecret(slot.value)}: ${sayUse(use, now)}`;
    if (slot.isCurrent) return pass(`${name} ${scheme}`, says);
    return retiredFinding(`${name} ${scheme}`, says, slot, { use, currentUse, now });
  });
}

function retiredFinding(
  subject: string,
  says: string,
  { variable }: Slot,
  {
    use,
    currentUse,
    now,
  }: { use: RecordedUse | undefined; currentUse: RecordedUse | undefined; now: number },
): Finding {
  if (mayGo(use, currentUse, now)) return warn(subject, `${says}; safe to remove from ${variable}`);
  if (!use) return pass(subject, `${says}, as far as is recorded`);
  return pass(subject, `${says}; still in use${currentUse ? '' : ', and the current one is not yet'}`);
}

function sha1Findings(
  { name, prefix, preset, allowSha1 }: SourceConfig,
  { uses }: Evidence,
  now: number,
): Finding[] {
  const subject = `${name} SHA-1`;
  const its = uses.filter((use) => use.source === name && use.form.endsWith(' sha1'));
  if (its.length > 0) {
    const count = its.reduce((sum, use) => sum + use.count, 0);
    const last = ago(Math.max(...its.map(({ lastAt }) => lastAt)), now);
    const fix = `Have ${preset.title} send SHA-256, then unset ${prefix}_ALLOW_SHA1`;
    return [warn(subject, `${counted(count, 'event')} came with nothing better, the last ${last}. ${fix}`)];
  }
  if (!allowSha1) return [];
  return [warn(subject, `accepted, but nobody needs it: unset ${prefix}_ALLOW_SHA1`)];
}
