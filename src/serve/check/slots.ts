/**
 * A slot is where a live secret stands: its setting, and which of the setting's three forms. `check` and `secret` speak of
 * secrets by slot, mask and fingerprint, and read from the inbox when each was used, which tells which may go.
 * base/settings/secrets.ts decides which texts may be a secret at all.
 *
 * `<SETTING>_SINCE=2026-08-01` says how old a current secret is; without it, a secret from a file is as old as the file's last
 * change, and the age of a value in the environment is not known.
 */
import { statSync } from 'node:fs';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { DAY_MS } from '../../base/times.ts';
import { SECRET_ROWS } from '../../verify/checks.ts';
import { maskOf } from '../../verify/fingerprint.ts';
import { handshakeSettings } from '../../verify/handshake.ts';
import type { SecretScheme } from '../../verify/schemes.ts';
import { settingFor } from '../../verify/switches.ts';
import type { Config } from '../config/config.ts';
import { settingOf } from '../config/proving.ts';
import type { SourceConfig } from '../config/source.ts';
import type { Fingerprints } from '../stored-proofs.ts';
import { type KnownSecrets, type RecordedUse, usesOf } from './known-secrets.ts';

export interface Slot {
  /** The setting without its form, as in FLINTN_WEBHOOK_SECRET. */
  readonly setting: string;
  /** The variable it comes from: the setting itself, or its _FILE or _PREVIOUS form. */
  readonly variable: string;
  /** `current`, `previous`, or `line 2` of the file. */
  readonly label: string;
  /** True for the first of its setting, which is the one to sign with. The others are being retired. */
  readonly isCurrent: boolean;
  readonly file?: string;
  readonly value: string;
}

/** Keys for Flexport's API. The service itself needs none; handlers may. */
export const API_KEYS = ['FLEXPORT_API_KEY', 'FLEXPORT_API_KEY_NEXT'];
const OF_NO_SOURCE = ['CONSOLE_TOKEN', 'CONSOLE_READ_TOKEN', 'ALARM_SECRET', ...API_KEYS];

/** The live secrets of one setting, newest first. */
export function liveSlots(setting: string, environment: Environment): Slot[] {
  const file = environment[`${setting}_FILE`];
  const settings = { production: false, problems: [], warnings: [] };
  const read = (form: Environment) => readSecrets(setting, { ...settings, environment: form }).live;
  const inline = (variable: string, label: string) => {
    return read({ [setting]: environment[variable] }).map((value) => ({ setting, variable, label, value }));
  };
  const lines = read({ [`${setting}_FILE`]: file }).map((value, at) => {
    return { setting, variable: `${setting}_FILE`, label: `line ${at + 1}`, value, ...(file && { file }) };
  });
  const found = [...inline(setting, 'current'), ...lines, ...inline(`${setting}_PREVIOUS`, 'previous')];
  return found
    .filter(({ value }, at) => found.findIndex((other) => other.value === value) === at)
    .map((slot, at) => ({ ...slot, isCurrent: at === 0 }));
}

export function slotsOfSource(
  { prefix, preset }: SourceConfig,
  scheme: string,
  environment: Environment,
): Slot[] {
  const row = SECRET_ROWS.find(({ name }) => name === scheme);
  return row ? liveSlots(`${prefix}_${settingFor(row, preset)}`, environment) : [];
}

/** Not those whose keys are fetched. */
export function secretSchemesOf({ schemes, secrets }: SourceConfig): SecretScheme[] {
  return SECRET_ROWS.map(({ name }) => name).filter(
    (name) => schemes.includes(name) && secrets[name]?.length,
  );
}

/** The live secrets of a source, of all its schemes and handshakes. */
export function allSlotsOfSource(source: SourceConfig, environment: Environment): Slot[] {
  const ofHandshakes = handshakeSettings(source.preset).filter(({ isSecret }) => isSecret);
  return [
    ...secretSchemesOf(source).flatMap((scheme) => slotsOfSource(source, scheme, environment)),
    ...ofHandshakes.flatMap(({ name }) => liveSlots(settingOf(source.prefix, name), environment)),
  ];
}

/** The live secrets of all settings: those of sources, of the console and of alarms, and the API keys. */
export function allSlots({ sources }: Config, environment: Environment): Slot[] {
  const ofSources = sources.flatMap((source) => allSlotsOfSource(source, environment));
  return [...ofSources, ...OF_NO_SOURCE.flatMap((setting) => liveSlots(setting, environment))];
}

/** A secret as people see it: `a1b2c3…wxyz (fingerprint 0123456789ab)`. */
export function nameOfSecret(value: string, fingerprints: Fingerprints): string {
  const fingerprint = fingerprints(value);
  return `${maskOf(value)} (${fingerprint === undefined ? 'no fingerprint before the first start' : `fingerprint ${fingerprint}`})`;
}

/** `unreadable`: the setting is not a date, or the date lies ahead. */
export type Age = { readonly days: number; readonly by: string } | 'unknown' | 'unreadable';

export function ageOf({ setting, file }: Slot, environment: Environment, now: number): Age {
  const daysSince = (at: number) => Math.max(0, Math.floor((now - at) / DAY_MS));
  const since = textOf(environment, `${setting}_SINCE`);
  if (since !== undefined) {
    const at = /^\d{4}-\d\d-\d\d$/.test(since) ? Date.parse(since) : Number.NaN;
    // A day ahead is another time zone, more is a mistake.
    if (!(at <= now + DAY_MS)) return 'unreadable';
    return { days: daysSince(at), by: `${setting}_SINCE` };
  }
  const changedAt = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return changedAt === undefined ? 'unknown' : { days: daysSince(changedAt), by: 'its file' };
}

/** The use of each live secret of one scheme of one source. */
export interface UsedSlot {
  readonly slot: Slot;
  /** Over all forms; undefined if it was never used. */
  readonly use: RecordedUse | undefined;
  readonly currentUse: RecordedUse | undefined;
  /** The secret is retired, and nobody has used it for a day while the current one was used. */
  readonly mayGo: boolean;
}

export function usedSlots(
  source: SourceConfig,
  scheme: string,
  environment: Environment,
  known: KnownSecrets,
  now: number,
): UsedSlot[] {
  const slots = slotsOfSource(source, scheme, environment);
  const used = usesOf(
    slots.map(({ value }) => value),
    { source: source.name, scheme },
    known,
    now,
  );
  return used.map((one, at) => ({ ...one, slot: slots[at] as Slot }));
}
