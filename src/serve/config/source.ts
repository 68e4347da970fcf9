/** One source's settings, `<PREFIX>_…`: its secrets, its schemes, its limit. */
import type { Problem } from '../../base/errors.ts';
import { type Environment, readBoolean, readBytes, textOf } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import type { SourceWiring } from '../../deliver/handler.ts';
import { namedHandlers, routesOf, sourceNameOf } from '../../deliver/handlers.ts';
import type { Route } from '../../inbox/contract.ts';
import type { AllowEntry } from '../../verify/allow-entry.ts';
import type { Preset } from '../../verify/preset.ts';
import { SCHEMES, type Scheme } from '../../verify/verifier.ts';
import { readAllowlist } from './allowlist.ts';

export interface SourceConfig {
  readonly name: string;
  readonly path: string;
  /** The variables' common beginning, as in FLEXPORT. */
  readonly prefix: string;
  readonly preset: Preset;
  readonly routes: readonly Route[];
  /** Whether it has a `reply` function. */
  readonly replies: boolean;
  /** In the order they are checked; none: the source is off. */
  readonly schemes: readonly Scheme[];
  /** Those of them that are only observed. */
  readonly observed: readonly Scheme[];
  readonly hmacSecrets: readonly string[];
  readonly tokens: readonly string[];
  readonly jwtSecrets: readonly string[];
  readonly allowFrom: readonly AllowEntry[];
  readonly allowSha1: boolean;
  readonly bodyLimitBytes: number;
}

/** Which variable switches a scheme on. */
export const SETTING: Readonly<Record<Scheme, string>> = {
  ip: 'ALLOW_FROM',
  token: 'WEBHOOK_TOKEN',
  hmac: 'WEBHOOK_SECRET',
  jwt: 'JWT_SECRET',
};

export function readSource(
  wiring: SourceWiring,
  wirings: readonly SourceWiring[],
  environment: Environment,
  production: boolean,
  problems: Problem[],
  warnings: Problem[],
): SourceConfig {
  const name = sourceNameOf(wiring);
  const prefix = prefixOf(name);
  const secretsOf = (scheme: Scheme) =>
    readSecrets(`${prefix}_${SETTING[scheme]}`, environment, problems, warnings);
  const [hmac, token, jwt] = [secretsOf('hmac'), secretsOf('token'), secretsOf('jwt')];
  const lists = new Map(wirings.flatMap(({ preset }) => Object.entries(preset.addressLists)));
  const allowFrom = readAllowlist(prefix, environment, lists, problems);
  const set = { ip: allowFrom !== undefined, token: token.set, hmac: hmac.set, jwt: jwt.set };
  const schemes = SCHEMES.filter((scheme) => set[scheme]);
  problems.push(...pinProblems(prefix, environment, schemes));
  const observed = readObserved(prefix, environment, schemes, problems);
  const enforced = schemes.filter((scheme) => !observed.includes(scheme));
  if (enforced.length === 1 && enforced[0] === 'ip') {
    const problem = {
      setting: `${prefix}_ALLOW_FROM`,
      wrong: 'is the only check that is enforced for this source, and an address is not proof',
      fix: `Set ${prefix}_WEBHOOK_SECRET, ${prefix}_WEBHOOK_TOKEN or ${prefix}_JWT_SECRET as well.`,
    };
    (production ? problems : warnings).push(problem);
  }
  const prefixes = wirings.map((other) => prefixOf(sourceNameOf(other)));
  warnings.push(...unknownVariables(prefix, prefixes, settingsOfHandlers(wirings), environment));
  return {
    name,
    path: `/webhooks/${name}`,
    prefix,
    preset: wiring.preset,
    routes: routesOf(wiring),
    replies: wiring.reply !== undefined,
    schemes,
    observed,
    hmacSecrets: hmac.live,
    tokens: token.live,
    jwtSecrets: jwt.live,
    allowFrom: allowFrom ?? [],
    allowSha1: wiring.preset.hmac.some((form) => form.algorithm === 'sha1')
      ? readBoolean(environment, `${prefix}_ALLOW_SHA1`, false, problems)
      : false,
    bodyLimitBytes: readBytes(environment, `${prefix}_BODY_LIMIT`, wiring.preset.bodyLimitBytes, problems),
  };
}

function prefixOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** `<PREFIX>_OBSERVE`: checks that run and are counted, but refuse nothing. At least one must be left that does. */
function readObserved(
  prefix: string,
  environment: Environment,
  schemes: readonly Scheme[],
  problems: Problem[],
): Scheme[] {
  const setting = `${prefix}_OBSERVE`;
  const value = textOf(environment, setting);
  if (value === undefined) return [];
  const named = value.split(',').map((text) => text.trim().toLowerCase());
  const unset = named.filter((scheme) => !(schemes as readonly string[]).includes(scheme));
  if (unset.length > 0) {
    const fix =
      schemes.length > 0
        ? `Of this source it can be ${schemes.join(', ')}.`
        : `Set the check's secret first.`;
    problems.push({ setting, wrong: 'names a check that this source does not have', fix });
  }
  const observed = schemes.filter((scheme) => named.includes(scheme));
  if (schemes.length > 0 && observed.length === schemes.length) {
    const fix = 'Leave one out, or set another one: somebody must keep forged events away.';
    problems.push({ setting, wrong: 'leaves no check that refuses anything', fix });
  }
  return observed;
}

/** `<PREFIX>_VERIFY` pins what is checked: it may neither ask for what is not set nor leave out what is. */
function pinProblems(prefix: string, environment: Environment, schemes: readonly Scheme[]): Problem[] {
  const setting = `${prefix}_VERIFY`;
  if (environment[setting] === undefined) return [];
  const pinned = (textOf(environment, setting) ?? '').split(',').map((text) => text.trim().toLowerCase());
  const problems: Problem[] = [];
  for (const [at, scheme] of pinned.entries()) {
    if (!(SCHEMES as readonly string[]).includes(scheme)) {
      const fix = `The schemes are ${SCHEMES.join(', ')}.`;
      problems.push({ setting, wrong: `has an unknown scheme (number ${at + 1})`, fix });
    } else if (!schemes.includes(scheme as Scheme)) {
      const needed = `${prefix}_${SETTING[scheme as Scheme]}`;
      problems.push({
        setting,
        wrong: `asks for ${scheme}, but ${needed} is not set`,
        fix: `Set ${needed}.`,
      });
    }
  }
  for (const scheme of schemes.filter((scheme) => !pinned.includes(scheme))) {
    const there = `${prefix}_${SETTING[scheme]}`;
    const fix = `Add ${scheme} to ${setting}, or unset ${there}.`;
    problems.push({ setting, wrong: `leaves out ${scheme}, but ${there} is set`, fix });
  }
  return problems;
}

const KNOWN = [
  ...['WEBHOOK_SECRET', 'WEBHOOK_TOKEN', 'JWT_SECRET'].flatMap((name) => [
    name,
    `${name}_FILE`,
    `${name}_PREVIOUS`,
    `${name}_SINCE`,
  ]),
  ...['ALLOW_FROM', 'ALLOW_FROM_FILE', 'VERIFY', 'OBSERVE', 'BODY_LIMIT', 'ALLOW_SHA1'],
];

function settingsOfHandlers(wirings: readonly SourceWiring[]): string[] {
  return wirings.flatMap(namedHandlers).flatMap(([, { settings = [] }]) => settings);
}

/** A misspelt setting would leave a check out in silence. */
function unknownVariables(
  prefix: string,
  prefixes: readonly string[],
  known: readonly string[],
  environment: Environment,
): Problem[] {
  const longer = prefixes.filter((other) => other.startsWith(`${prefix}_`));
  return Object.keys(environment)
    .filter((setting) => setting.startsWith(`${prefix}_`))
    .filter((setting) => !longer.some((other) => setting.startsWith(`${other}_`)))
    .filter((setting) => /_(WEBHOOK|JWT|ALLOW|VER|OBS|BODY|SECRET|TOKEN|HMAC)/.test(setting))
    .filter((setting) => !KNOWN.includes(setting.slice(prefix.length + 1)))
    .filter((setting) => !known.includes(setting.replace(/_(FILE|PREVIOUS)$/, '')))
    .map((setting) => ({
      setting,
      wrong: 'is not a setting of Consignee',
      fix: 'It is ignored; compare it with .env.example.',
    }));
}
