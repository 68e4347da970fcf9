/**
 * Where each live secret stands: in which setting and in which of its three forms. For `check` and `secret`, which speak of
 * secrets by slot, mask and fingerprint. What may be a secret at all is decided where the service reads them.
 */

import type { Environment } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import type { Config } from '../../serve/config/config.ts';
import { SETTING, type SourceConfig } from '../../serve/config/source.ts';
import { fingerprintOf, maskOf } from '../../verify/fingerprint.ts';
import type { Scheme } from '../../verify/verifier.ts';

export interface Slot {
  /** The setting without its form, as in FLINTN_WEBHOOK_SECRET. */
  readonly setting: string;
  /** The variable it comes from: the setting itself, or its _FILE or _PREVIOUS form. */
  readonly variable: string;
  /** `current`, `previous`, or `line 2` of the file. */
  readonly place: string;
  /** The first of its setting: the one to sign with. The others are on their way out. */
  readonly isCurrent: boolean;
  readonly file?: string;
  readonly value: string;
}

export type SecretScheme = Exclude<Scheme, 'ip'>;

const SECRET_SCHEMES: readonly SecretScheme[] = ['token', 'hmac', 'jwt'];
/** Keys for Flexport's API: the service itself needs none, handlers may. */
export const API_KEYS = ['FLEXPORT_API_KEY', 'FLEXPORT_API_KEY_NEXT'];
const OF_NO_SOURCE = ['CONSOLE_TOKEN', 'ALARM_SECRET', ...API_KEYS];

/** Those of one setting, newest first. */
export function slotsOf(setting: string, environment: Environment): Slot[] {
  const file = environment[`${setting}_FILE`];
  const inForm = (variable: string, form: Environment) =>
    readSecrets(setting, form, [], []).live.map((value, at) => ({ variable, value, line: at + 1 }));
  const found = [
    ...inForm(setting, { [setting]: environment[setting] }),
    ...inForm(`${setting}_FILE`, { [`${setting}_FILE`]: file }),
    ...inForm(`${setting}_PREVIOUS`, { [setting]: environment[`${setting}_PREVIOUS`] }),
  ];
  return found
    .filter(({ value }, at) => found.findIndex((other) => other.value === value) === at)
    .map(({ variable, value, line }, at) => ({
      setting,
      variable,
      place: placeOf(variable, line),
      isCurrent: at === 0,
      ...(variable.endsWith('_FILE') && file !== undefined && { file }),
      value,
    }));
}

export function slotsOfSource({ prefix }: SourceConfig, scheme: SecretScheme, environment: Environment) {
  return slotsOf(settingOf(prefix, scheme), environment);
}

export function settingOf(prefix: string, scheme: SecretScheme): string {
  return `${prefix}_${SETTING[scheme]}`;
}

/** The schemes of a source that need a secret. */
export function secretSchemesOf({ schemes }: SourceConfig): SecretScheme[] {
  return SECRET_SCHEMES.filter((scheme) => schemes.includes(scheme));
}

/** Every live secret there is: of the sources, of the console, of alarms, and the API keys. */
export function allSlots({ sources }: Config, environment: Environment): Slot[] {
  const ofSources = sources.flatMap((source) =>
    secretSchemesOf(source).map((scheme) => settingOf(source.prefix, scheme)),
  );
  return [...ofSources, ...OF_NO_SOURCE].flatMap((setting) => slotsOf(setting, environment));
}

/** As in `a1b2c3…wxyz (fingerprint 0123456789ab)`. */
export function nameOfSecret(value: string): string {
  return `${maskOf(value)} (fingerprint ${fingerprintOf(value)})`;
}

function placeOf(variable: string, line: number): string {
  if (variable.endsWith('_FILE')) return `line ${line}`;
  return variable.endsWith('_PREVIOUS') ? 'previous' : 'current';
}
