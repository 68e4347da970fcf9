/**
 * Judges where the secrets of this command come from, and who may read the files they are in. Only
 * with `--online` Flexport's API keys are tried: one read of one shipment tells whether a key works; the answer's content is
 * thrown away, redirects are not followed, and keys travel in a header over TLS.
 */
import { readdirSync, statSync } from 'node:fs';
import { isLoopback } from '../../base/address.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { type Finding, fail, findingOf, notKnown, pass, warn } from '../../serve/check/finding.ts';
import { API_KEYS, liveSlots, type Slot } from '../../serve/check/slots.ts';
import { maskOf } from '../../verify/fingerprint.ts';
import { ENV_FILE } from '../settings.ts';
import { isIgnored, isTracked, type NoWorkTree, type WorkTree } from './programs.ts';

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
