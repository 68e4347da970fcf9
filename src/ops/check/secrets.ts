/**
 * Judges the live secrets: where they come from, how old they are, which are used; and who may read the files they are in. Only
 * with `--online` Flexport's API keys are tried: one read of one shipment tells whether a key works; the answer's content is
 * thrown away, redirects are not followed, and keys travel in a header over TLS.
 */
import { readdirSync, statSync } from 'node:fs';
import { isLoopback } from '../../base/address.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import { maskOf } from '../../verify/fingerprint.ts';
import { isSha1 } from '../../verify/form/vocabulary.ts';
import {
  API_KEYS,
  ageOf,
  liveSlots,
  nameOfSecret,
  type Slot,
  sayUse,
  secretSchemesOf,
  sumOfUses,
  type UsedSlot,
  usedSlots,
} from '../secret/slots.ts';
import { ENV_FILE, type Settings } from '../settings.ts';
import { ago, counted } from '../terminal.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, fail, findingOf, notKnown, pass, warn } from './finding.ts';
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
export function useFindings({ config: { sources }, environment }: Settings, evidence: Evidence, now: number) {
  return sources.flatMap((source) => [
    ...secretSchemesOf(source).flatMap((scheme) =>
      usedSlots(source, scheme, environment, evidence, now).map((used) =>
        useFinding(`${source.name} ${scheme}`, used, evidence, now),
      ),
    ),
    ...sha1Findings(source, evidence, now),
  ]);
}

function useFinding(
  subject: string,
  { slot, use, currentUse, mayGo }: UsedSlot,
  { fingerprints }: Evidence,
  now: number,
): Finding {
  const says = `${slot.label} ${nameOfSecret(slot.value, fingerprints)}: ${sayUse(use, now)}`;
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
  if ('because' in tree) return findingOf(tree.verdict)(subject, tree.because);
  if (await isTracked(file, '.')) {
    return fail(subject, `git tracks it: git rm --cached ${file}, then rotate every secret in it`);
  }
  // Not tracked; it must be ignored as well, or the next `git add .` takes it along.
  if (await isIgnored(file, '.')) return pass(subject, 'ignored');
  return fail(subject, `not ignored: add ${file} to .gitignore`);
}

const API_URL = 'https://api.flexport.com';
const URL_SETTING = 'FLEXPORT_API_URL';
const TIMEOUT_MS = 10_000;

export async function onlineFindings(environment: Environment): Promise<Finding[]> {
  const base = textOf(environment, URL_SETTING) ?? API_URL;
  if (!isSafe(URL.parse(base)))
    return [fail(URL_SETTING, 'is not an https:// URL. Keys are sent to no other, but to this machine')];
  const keys = API_KEYS.flatMap((setting) => liveSlots(setting, environment).slice(0, 1));
  if (keys.length === 0)
    return [notKnown('online', `no ${API_KEYS.join(' or ')} is set, so there is nothing to ask`)];
  const asked = keys.map(async ({ setting, value }) => {
    return keyFinding(setting, maskOf(value), await askFlexport(base, value));
  });
  return await Promise.all(asked);
}

/** Without TLS everybody on the way could read the key; to this machine itself there is no way. */
function isSafe(url: URL | null): boolean {
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}

/** The status that Flexport answered with, or in words why there is none. */
async function askFlexport(base: string, key: string): Promise<number | string> {
  try {
    const response = await fetch(new URL('/shipments?per=1', base), {
      headers: { Authorization: `Bearer ${key}`, 'Flexport-Version': '2' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const { name, message } = ((error as Error).cause ?? error) as Error;
    return name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : `no answer (${message})`;
  }
}

function keyFinding(setting: string, name: string, answer: number | string): Finding {
  const isNext = setting.endsWith('_NEXT');
  const then = isNext ? '; you may switch to it' : '';
  if (answer === 200) return pass(setting, `${name} works${then}`);
  if (answer === 403) return pass(setting, `${name} is valid, but may not list shipments${then}`);
  if (answer === 401) {
    const fix = isNext ? 'Do not switch to it' : 'Make another one in Flexport’s settings';
    return fail(setting, `${name} is refused by Flexport. ${fix}`);
  }
  const said = typeof answer === 'number' ? `Flexport answered ${answer}` : answer;
  return warn(setting, `${name} could not be tried: ${said}. Try again later`);
}
