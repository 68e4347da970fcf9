/** Reads the settings of one source, `<PREFIX>_…`: its secrets, its schemes, its limit. */
import type { Problem } from '../../base/errors.ts';
import {
  type Environment,
  type EnvironmentReading,
  readBoolean,
  readBytes,
  textOf,
} from '../../base/settings/environment.ts';
import { nearestTo } from '../../base/settings/rules.ts';
import type { SourceWiring } from '../../deliver/handler.ts';
import { namedHandlers, sourceNameOf, sourceRoutes } from '../../deliver/handlers.ts';
import type { Route } from '../../inbox/contract.ts';
import { headersIn } from '../../inbox/shape.ts';
import { isForForms, isProof, type SourceChecks } from '../../verify/checks.ts';
import { settingNames } from '../../verify/form/reading.ts';
import { isSha1 } from '../../verify/form/vocabulary.ts';
import { BY_HANDSHAKE, bringsSecret, handshakeSettings } from '../../verify/handshake.ts';
import type { MemberPath, SearchKeys } from '../../verify/preset.ts';
import { SCHEMES, type Scheme } from '../../verify/schemes.ts';
import { provingSettings, publishedSchemesOf } from '../../verify/switches.ts';
import { readAllowlist } from './allowlist.ts';
import { readHandshakeTexts } from './handshakes.ts';
import { pinProblems, wordsIn } from './pins.ts';
import { readProvingSecrets, readSignedAbout, settingOf } from './proving.ts';

export interface SourceConfig extends SourceChecks {
  readonly name: string;
  readonly path: string;
  /** The beginning of its variables: FLEXPORT of FLEXPORT_WEBHOOK_SECRET. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  /** True if it has a `reply` function. */
  readonly replies: boolean;
  readonly bodyLimitBytes: number;
  /** Headers that are kept with its events beside the usual: what the preset and the wiring name. */
  readonly keepHeaders: readonly string[];
  /** Of the settings that the preset's handshakes name: secrets, newest first, and values. */
  readonly handshakeTexts: Readonly<Record<string, readonly string[]>>;
  /** A secret may come by a handshake: the preset has one that brings it, and `…_VERIFY` says so. */
  readonly takesSecrets: boolean;
  /** What its events can be found by: the preset's and the wiring's. */
  readonly keys: SearchKeys;
}

export function readSource(
  wiring: SourceWiring,
  wirings: readonly SourceWiring[],
  settings: EnvironmentReading,
): SourceConfig {
  const { environment, production, problems, warnings } = settings;
  const name = sourceNameOf(wiring);
  const path = `/webhooks/${name}`;
  const prefix = prefixOf(name);
  const { preset } = wiring;
  const read = readProvingSecrets(prefix, preset, settings);
  const lists = new Map(wirings.flatMap(({ preset }) => Object.entries(preset.addressLists)));
  const allowFrom = readAllowlist(prefix, lists, settings);
  const pinned = wordsIn(textOf(environment, `${prefix}_VERIFY`));
  const published = publishedSchemesOf(preset).filter((scheme) => pinned.includes(scheme));
  const isSet = (row: (typeof SCHEMES)[number]) =>
    row.holds === 'secrets'
      ? published.includes(row.name) || read.some(({ scheme, set }) => set && scheme === row.name)
      : allowFrom !== undefined;
  const takesSecrets = bringsSecret(preset) && pinned.includes(BY_HANDSHAKE);
  const waits = (row: (typeof SCHEMES)[number]) =>
    takesSecrets && isForForms(row.name) && read.some(({ scheme }) => scheme === row.name);
  const schemes = SCHEMES.filter((row) => isSet(row) || waits(row)).map((row) => row.name);
  problems.push(...pinProblems({ prefix, preset, takesSecrets }, environment, schemes));
  const observed = readObserved(prefix, schemes, settings);
  const enforced = schemes.filter((scheme) => !observed.includes(scheme));
  if (enforced.length > 0 && !enforced.some(isProof)) {
    const wrong = 'is the only check that is enforced for this source, and an address is not proof';
    const fix = `Set ${provingSettings({ prefix, preset })} as well.`;
    (production ? problems : warnings).push({ setting: `${prefix}_ALLOW_FROM`, wrong, fix });
  }
  const prefixes = wirings.map((other) => prefixOf(sourceNameOf(other)));
  const signed = preset.forms.flatMap(settingNames);
  const known = wirings.flatMap(namedHandlers).flatMap(([, handler]) => handler.settings ?? []);
  const asked = handshakeSettings(preset).map((setting) => setting.name);
  known.push(...[...signed, ...asked].map((one) => settingOf(prefix, one)));
  warnings.push(...unknownVariables(prefix, prefixes, known, environment));
  const about = readSignedAbout(
    { prefix, path, forms: preset.forms, isOn: schemes.some(isForForms) },
    settings,
  );
  return {
    name,
    path,
    prefix,
    preset,
    routes: sourceRoutes(wiring),
    replies: wiring.reply !== undefined,
    schemes,
    observed,
    ...about,
    handshakeTexts: readHandshakeTexts({ prefix, preset, schemes, ...about }, settings),
    takesSecrets,
    secrets: Object.fromEntries(read.map(({ scheme, live }) => [scheme, live])),
    allowFrom: allowFrom ?? [],
    allowSha1: preset.forms.some(isSha1) ? readBoolean(settings, `${prefix}_ALLOW_SHA1`, false) : false,
    bodyLimitBytes: readBytes(settings, `${prefix}_BODY_LIMIT`, preset.bodyLimitBytes),
    keepHeaders: [preset.keepHeaders, wiring.keepHeaders, headersIn([...preset.id, ...preset.type])].flatMap(
      (names) => names ?? [],
    ),
    keys: searchKeysIn(wiring),
  };
}

/** The beginning of a source's variables: `shippo-eu` has SHIPPO_EU_WEBHOOK_SECRET. */
export function prefixOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** What is known of a source by its name; no preset if it is wired no longer. */
export function sourceNamed(name: string, { sources }: { readonly sources: readonly SourceConfig[] }) {
  return sources.find((one) => one.name === name) ?? { name, prefix: prefixOf(name), preset: undefined };
}

/** `<PREFIX>_OBSERVE`: checks that run and are counted, but refuse nothing. At least one must be left that does. */
function readObserved(
  prefix: string,
  schemes: readonly Scheme[],
  { environment, problems }: EnvironmentReading,
): Scheme[] {
  const setting = `${prefix}_OBSERVE`;
  const value = textOf(environment, setting);
  if (value === undefined) return [];
  const named = wordsIn(value);
  const unset = named.filter((scheme) => !(schemes as readonly string[]).includes(scheme));
  if (unset.length > 0) {
    const those = `Of this source it can be ${schemes.join(', ')}.`;
    const fix = schemes.length > 0 ? those : `Set the check's secret first.`;
    problems.push({ setting, wrong: 'names a check that this source does not have', fix });
  }
  const observed = schemes.filter((scheme) => named.includes(scheme));
  if (schemes.length > 0 && observed.length === schemes.length) {
    const fix = 'Leave one out, or set another one: somebody must keep forged events away.';
    problems.push({ setting, wrong: 'leaves no check that refuses anything', fix });
  }
  return observed;
}

const FORMS = { secrets: ['', '_FILE', '_PREVIOUS', '_SINCE'], addresses: ['', '_FILE'] };
/** The ends of the variables that a source may have. */
const KNOWN_ENDS = [
  ...SCHEMES.flatMap(({ setting, holds }) => FORMS[holds].map((form) => `${setting}${form}`)),
  ...['VERIFY', 'OBSERVE', 'BODY_LIMIT', 'ALLOW_SHA1', 'PUBLIC_URL'],
];
/** A variable with one of these words in it was probably meant for us. */
const OUR_WORDS = [
  ...SCHEMES.map(({ setting }) => setting.replace(/_.*/, '')),
  ...['VER', 'OBS', 'BODY', 'PUBLIC', 'SECRET', 'TOKEN', 'HMAC'],
];

const SCHEME_ENDS = SCHEMES.flatMap(({ setting, holds }) => FORMS[holds].map((form) => `_${setting}${form}`));

/** Variables that would be a setting if their beginning were that of a source, and nearly is. */
export function misspeltSources(prefixes: readonly string[], environment: Environment): Problem[] {
  return Object.keys(environment).flatMap((setting) => {
    const end = SCHEME_ENDS.filter((one) => setting.endsWith(one)).sort((a, b) => b.length - a.length)[0];
    const beginning = end && setting.slice(0, -end.length);
    if (!beginning || prefixes.some((prefix) => setting.startsWith(`${prefix}_`))) return [];
    const near = nearestTo(beginning, prefixes);
    const fix = `Did you mean ${near}${end}? It is ignored as it is.`;
    return near === undefined ? [] : [{ setting, wrong: 'is not a setting of Consignee', fix }];
  });
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
    .filter((setting) => OUR_WORDS.some((word) => setting.includes(`_${word}`)))
    .filter((setting) => !KNOWN_ENDS.includes(setting.slice(prefix.length + 1)))
    .filter((setting) => !known.includes(setting.replace(/_(FILE|PREVIOUS)$/, '')))
    .map((setting) => {
      const near = nearestTo(setting.slice(prefix.length + 1), KNOWN_ENDS);
      const meant = near === undefined ? '' : `Did you mean ${prefix}_${near}? `;
      const fix = `${meant}It is ignored; compare it with .env.example.`;
      return { setting, wrong: 'is not a setting of Consignee', fix };
    });
}

/** What the preset declares, and the wiring beside it. */
function searchKeysIn({ preset, keys = {} }: SourceWiring): SearchKeys {
  const found: Record<string, readonly MemberPath[]> = { ...preset.keys };
  for (const [name, paths] of Object.entries(keys)) {
    found[name] = [...(found[name] ?? []), ...paths.map((path) => path.split('.'))];
  }
  return found;
}
