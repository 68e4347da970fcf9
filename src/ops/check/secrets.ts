/** Judges the live secrets: where they come from, how old they are, which are used; and who may read the files they are in. */
import { readdirSync, statSync } from 'node:fs';
import type { Environment } from '../../base/settings/environment.ts';
import type { SecretUse } from '../../inbox/contract.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import {
  ageOf,
  nameOfSecret,
  type Slot,
  sayUse,
  secretSchemesOf,
  sinceSetting,
  sumOfUses,
  type UsedSlot,
  usedSlots,
} from '../secret/slots.ts';
import { ENV_FILE, type Settings } from '../settings.ts';
import { ago, counted } from '../terminal.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import { isIgnored, isTracked, type NoWorkTree, type WorkTree } from './programs.ts';

const AGE = 'secret age';
const DAYS_MOST = 90;

/** `given`: the variables that were there before `.env` was read. */
export function originFinding(slots: readonly Slot[], given: ReadonlySet<string>): Finding {
  if (slots.length === 0) return pass('secrets', 'none is set');
  const origins = Map.groupBy(slots, ({ variable, file }) => {
    return file ?? (given.has(variable) ? 'the environment' : ENV_FILE);
  });
  const said = [...origins].map(([origin, its]) => {
    return `from ${origin}: ${[...new Set(its.map(({ variable }) => variable))].join(', ')}`;
  });
  return pass('secrets', said.join('; '));
}

/** Judges the current secret of each setting: one that is being retired is older anyway. */
export function ageFindings(slots: readonly Slot[], { config, environment }: Settings, now: number) {
  const aged = slots
    .filter(({ isCurrent }) => isCurrent)
    .map((slot) => ({ slot, age: ageOf(slot, environment, now) }));
  const of = (kind: 'unknown' | 'unreadable') =>
    aged.filter(({ age }) => age === kind).map(({ slot }) => slot.setting);
  const old: Finding[] = [];
  const young: string[] = [];
  for (const { slot, age } of aged) {
    if (typeof age === 'string') continue;
    const says = `${slot.setting} is ${counted(age.days, 'day')} old by ${age.by}`;
    if (age.days <= DAYS_MOST) young.push(says);
    else old.push(warn(AGE, `${says}. Rotate secrets every ${DAYS_MOST} days: npm run secret -- rotate`));
  }
  const unknown = of('unknown');
  return [
    ...of('unreadable').map((setting) => unreadableFinding(setting, environment)),
    ...old,
    ...(young.length > 0 ? [pass(AGE, young.join(', '))] : []),
    ...(unknown.length > 0 ? [unknownFinding(unknown, config.production)] : []),
  ];
}

function unreadableFinding(setting: string, environment: Environment): Finding {
  const since = sinceSetting(setting);
  const ahead = /^\d{4}-\d\d-\d\d$/.test(environment[since]?.trim() ?? '');
  return warn(AGE, `${since} is not ${ahead ? 'a day that has been' : 'a date'}. Write it as 2026-08-01`);
}

function unknownFinding(settings: readonly string[], production: boolean): Finding {
  const [first = ''] = settings;
  const says = `not known for ${settings.join(', ')}: a value in the environment has no date`;
  const fix = `Say since when each holds, as in ${sinceSetting(first)}=2026-08-01`;
  return (production ? warn : pass)(AGE, `${says}. ${fix}`);
}

/** Which live secrets really prove requests, which may go, and who still signs with SHA-1. */
export function useFindings({ config: { sources }, environment }: Settings, { uses }: Evidence, now: number) {
  return sources.flatMap((source) => [
    ...secretSchemesOf(source).flatMap((scheme) =>
      usedSlots(source, scheme, environment, uses, now).map((used) =>
        useFinding(`${source.name} ${scheme}`, used, now),
      ),
    ),
    ...sha1Findings(source, uses, now),
  ]);
}

function useFinding(subject: string, { slot, use, currentUse, mayGo }: UsedSlot, now: number): Finding {
  const says = `${slot.label} ${nameOfSecret(slot.value)}: ${sayUse(use, now)}`;
  if (slot.isCurrent) return pass(subject, says);
  if (mayGo) return warn(subject, `${says}; safe to remove from ${slot.variable}`);
  if (!use) return pass(subject, `${says}, as far as is recorded`);
  return pass(subject, `${says}; still in use${currentUse ? '' : ', and the current one is not yet'}`);
}

function sha1Findings(
  { name, prefix, preset, allowSha1 }: SourceConfig,
  uses: readonly SecretUse[],
  now: number,
): Finding[] {
  const subject = `${name} SHA-1`;
  const use = sumOfUses(uses.filter(({ source, form }) => source === name && form.endsWith(' sha1')));
  if (use) {
    const came = `${counted(use.count, 'event')} came with nothing better, the last ${ago(use.lastAt, now)}`;
    const fix = `Have ${preset.title} send SHA-256, then unset ${prefix}_ALLOW_SHA1`;
    return [warn(subject, `${came}. ${fix}`)];
  }
  if (!allowSha1) return [];
  return [warn(subject, `accepted, but nobody needs it: unset ${prefix}_ALLOW_SHA1`)];
}

/** `.env` and its kin in this folder: theirs alone who own them, and not for git. `.env.example` is for everybody. */
export async function envFileFindings(tree: WorkTree | NoWorkTree): Promise<Finding[]> {
  const names = readdirSync('.').filter((name) => /^\.env/.test(name) && !name.endsWith('.example'));
  const files = names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile());
  const findings = files.map(async (file) => [modeFinding(file), await gitFinding(file, tree)]);
  return (await Promise.all(findings)).flat();
}

function modeFinding(file: string): Finding {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return pass(file, 'readable by its owner only');
  return fail(file, `others may read it (mode ${mode.toString(8)}): chmod 600 ${file}`);
}

async function gitFinding(file: string, tree: WorkTree | NoWorkTree): Promise<Finding> {
  const subject = `${file} in git`;
  if ('because' in tree) return (tree.odd ? warn : pass)(subject, tree.because);
  if (await isTracked(file, '.')) {
    return fail(subject, `git tracks it: git rm --cached ${file}, then rotate every secret in it`);
  }
  // Not tracked; it must be ignored as well, or the next `git add .` takes it along.
  if (await isIgnored(file, '.')) return pass(subject, 'ignored');
  return fail(subject, `not ignored: add ${file} to .gitignore`);
}
