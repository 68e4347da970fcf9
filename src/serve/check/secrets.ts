/** Judges the live secrets: how old they are, which are used, which may go, and who still signs with SHA-1. */
import type { Environment } from '../../base/settings/environment.ts';
import { ago } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import { isSha1 } from '../../verify/form/vocabulary.ts';
import type { SourceConfig } from '../config/source.ts';
import type { Evidence } from './evidence.ts';
import type { Examined } from './examination.ts';
import { type Finding, notKnown, pass, warn } from './finding.ts';
import { sayUse, sumOfUses } from './known-secrets.ts';
import { ageOf, nameOfSecret, type Slot, secretSchemesOf, type UsedSlot, usedSlots } from './slots.ts';

const AGE = 'secret age';
const DAYS_MOST = 90;

/** Judges the current secret of each setting: one that is being retired is older anyway. */
export function ageFindings(slots: readonly Slot[], { config, environment }: Examined, now: number) {
  const [unreadable, old]: [Finding[], Finding[]] = [[], []];
  const [young, unknown]: [string[], string[]] = [[], []];
  for (const slot of slots.filter(({ isCurrent }) => isCurrent)) {
    const age = ageOf(slot, environment, now);
    if (age === 'unknown') unknown.push(slot.setting);
    else if (age === 'unreadable') unreadable.push(unreadableFinding(slot.setting, environment));
    else {
      const says = `${slot.setting} is ${counted(age.days, 'day')} old by ${age.by}`;
      if (age.days <= DAYS_MOST) young.push(says);
      else old.push(warn(AGE, `${says}. Rotate secrets every ${DAYS_MOST} days: npm run secret -- rotate`));
    }
  }
  return [
    ...unreadable,
    ...old,
    ...(young.length > 0 ? [pass(AGE, young.join(', '))] : []),
    ...(unknown.length > 0 ? [unknownFinding(unknown, config.production)] : []),
  ];
}

function unreadableFinding(setting: string, environment: Environment): Finding {
  const since = `${setting}_SINCE`;
  const ahead = /^\d{4}-\d\d-\d\d$/.test(environment[since]?.trim() ?? '');
  return warn(AGE, `${since} is not ${ahead ? 'a day that has been' : 'a date'}. Write it as 2026-08-01`);
}

function unknownFinding(settings: readonly string[], production: boolean): Finding {
  const [first = ''] = settings;
  const says = `not known for ${settings.join(', ')}: a value in the environment has no date`;
  const fix = `Say since when each holds, as in ${first}_SINCE=2026-08-01`;
  return (production ? warn : notKnown)(AGE, `${says}. ${fix}`);
}

/** Which live secrets really prove requests, which may go, and who still signs with SHA-1. */
export function useFindings(
  { config: { sources }, environment, isForPage = false }: Examined,
  evidence: Evidence,
  now: number,
) {
  const nameOf = (secret: string) =>
    isForPage ? (evidence.fingerprints(secret) ?? '') : nameOfSecret(secret, evidence.fingerprints);
  return sources.flatMap((source) => [
    ...secretSchemesOf(source).flatMap((scheme) =>
      usedSlots(source, scheme, environment, evidence, now).map((used) =>
        useFinding(`${source.name} ${scheme}`, used, nameOf(used.slot.value), now),
      ),
    ),
    ...sha1Findings(source, evidence, now),
  ]);
}

function useFinding(
  subject: string,
  { slot, use, currentUse, mayGo }: UsedSlot,
  name: string,
  now: number,
): Finding {
  const says = `${slot.label} ${name}: ${sayUse(use, now)}`;
  if (slot.isCurrent) return (use ? pass : notKnown)(subject, says);
  if (mayGo) return warn(subject, `${says}; safe to remove from ${slot.variable}`);
  if (!use) return notKnown(subject, `${says}, as far as is recorded`);
  return pass(subject, `${says}; still in use${currentUse ? '' : ', and the current one is not yet'}`);
}

function sha1Findings(
  { name, prefix, preset, allowSha1 }: SourceConfig,
  { uses }: Evidence,
  now: number,
): Finding[] {
  const subject = `${name} SHA-1`;
  if (preset.forms.length > 0 && preset.forms.every(isSha1))
    return [pass(subject, `${preset.title} signs with nothing better`)];
  const use = sumOfUses(uses.filter(({ source, form }) => source === name && form.endsWith(' sha1')));
  if (use) {
    const came = `${counted(use.count, 'event')} came with nothing better, the last ${ago(use.lastAt, now)}`;
    const fix = `Have ${preset.title} send SHA-256, then unset ${prefix}_ALLOW_SHA1`;
    return [warn(subject, `${came}. ${fix}`)];
  }
  if (!allowSha1) return [];
  return [warn(subject, `accepted, but nobody needs it: unset ${prefix}_ALLOW_SHA1`)];
}
