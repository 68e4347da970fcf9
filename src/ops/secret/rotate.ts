/**
 * `consignee secret rotate`: shows the steps to change a source’s secret, at the provider and here, and then watches until a
 * delivery has been proved with a new one. It changes nothing itself, asks nothing, and can be stopped and begun again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ago } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { SecretUse } from '../../inbox/contract.ts';
import { RefusedReader } from '../../inbox/refused/reader.ts';
import { type KnownSecrets, readKnown } from '../../serve/check/known-secrets.ts';
import {
  nameOfSecret,
  type Slot,
  secretSchemesOf,
  slotsOfSource,
  type UsedSlot,
  usedSlots,
} from '../../serve/check/slots.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import { SECRET_ROWS } from '../../verify/checks.ts';
import type { SecretRow, SecretScheme } from '../../verify/schemes.ts';
import { rotationFor, settingFor } from '../../verify/switches.ts';
import type { Settings } from '../settings.ts';

const LOOK_MS = 500;
const MAKE_ONE = 'Make a new one: npm run --silent secret -- generate';

interface RotateOptions {
  readonly source: string;
  readonly waitMs: number;
  /** Reads the settings as they are now. */
  readonly read: () => Promise<Settings>;
  readonly say: (line: string) => void;
}

/** Resolves with true once a new secret has been seen in use, or with false when the time is over. */
export async function rotate({ source: name, waitMs, read, say }: RotateOptions): Promise<boolean> {
  const settings = await read();
  const source = sourceIn(settings, name);
  const before = await readKnown(settings.config.database);
  const rows = SECRET_ROWS.filter(({ name }) => source.schemes.includes(name));
  for (const row of rows) for (const line of stepLines(source, row, settings, before)) say(line);
  const usedBefore = new Set(before.uses.map(({ source, secret }) => `${source} ${secret}`));
  const old = oldSecrets(source, settings);
  say(`Waiting ${counted(waitMs / 1000, 'second')} for a delivery that is proved with a new one.`);
  const isTheirs = rows.some((row) => row.arePublic?.(source.preset));
  const send = isTheirs
    ? 'cannot try it: only the provider signs'
    : 'signs with it too, and tells nothing about the provider';
  say(`Ctrl-C ends the waiting and nothing else. \`send\` ${send}.`);
  const refusedBefore = refusedOf(name, settings);
  for (const end = performance.now() + waitMs; ; ) {
    const known = await readKnown(settings.config.database);
    // The key of the fingerprints may have come with the first start just now.
    const oldOnes = old.map(known.fingerprints);
    const isNew = ({ secret }: SecretUse) =>
      !oldOnes.includes(secret) && !usedBefore.has(`${name} ${secret}`);
    const use = known.uses.find((one) => one.source === name && isNew(one));
    if (use) {
      for (const line of seenLines(name, use, await read(), known)) say(line);
      return true;
    }
    if (performance.now() >= end) break;
    await sleep(Math.min(LOOK_MS, Math.max(0, end - performance.now())));
  }
  say('\nThe time is over, and nothing was proved with a new secret. Run this again to go on waiting.');
  const refused = refusedOf(name, settings);
  if (refused > refusedBefore) {
    say(`${counted(refused, 'request')} of ${name} wait as refused: is the new secret live here yet?`);
  }
  return false;
}

function sourceIn({ config }: Settings, name: string): SourceConfig {
  return config.sources.find((source) => source.name === name) as SourceConfig;
}

/** The steps at the provider are the preset's; a scheme has general ones for a preset without its own. */
function stepLines(
  source: SourceConfig,
  row: SecretRow & { readonly name: SecretScheme },
  { environment }: Settings,
  { fingerprints }: KnownSecrets,
): string[] {
  const { name: scheme } = row;
  const { before = [MAKE_ONE], after, old } = rotationFor(row, source.preset);
  const [current] = slotsOfSource(source, scheme, environment);
  const steps = [...before, putHere(`${source.prefix}_${settingFor(row, source.preset)}`, current), ...after];
  const numbered = steps.map((step, at) => `  ${at + 1}. ${step}`);
  const name = current ? `, now ${nameOfSecret(current.value, fingerprints)}` : '';
  return [`${source.preset.title}, ${scheme}${name}:\n`, ...numbered, `\n  ${old}\n`];
}

/** The step in which the new secret is put into our settings: a file or a variable, never an argument of a command. */
function putHere(setting: string, current: Slot | undefined): string {
  const file = current?.file;
  if (file !== undefined) {
    const isJson = current?.value.startsWith('{');
    const how = current?.value.startsWith('-----BEGIN ')
      ? `Put the new PEM block into ${file} above the old one, and leave that there.`
      : `Put the new one into ${file} as the first line, and leave the old one as the second${isJson ? ', each whole on one line' : ''}.`;
    return `${how} The service reads the file again by itself within seconds.`;
  }
  return `Here, set ${setting} to the new one and ${setting}_PREVIOUS to the old one, then restart the service; in development saving .env is enough. With ${setting}_FILE no restart is ever needed.`;
}

/** The live secrets of a source that are not new: all but the first. With one live secret, that one is old. */
function oldSecrets(source: SourceConfig, { environment }: Settings): string[] {
  return secretSchemesOf(source).flatMap((scheme) => {
    const slots = slotsOfSource(source, scheme, environment);
    return (slots.length === 1 ? slots : slots.slice(1)).map(({ value }) => value);
  });
}

function seenLines(
  name: string,
  { scheme, secret, lastAt }: SecretUse,
  settings: Settings,
  known: KnownSecrets,
): string[] {
  const nameOf = ({ value }: Slot) => nameOfSecret(value, known.fingerprints);
  const now = Date.now();
  const source = sourceIn(settings, name);
  const slots = usedSlots(source, scheme, settings.environment, known, now);
  const isNew = ({ slot }: UsedSlot) => known.fingerprints(slot.value) === secret;
  const found = slots.find(isNew);
  const proved = found ? nameOf(found.slot) : `the one with fingerprint ${secret}`;
  const others = slots.filter((other) => !isNew(other));
  const lines = others.map(({ slot, use }) => {
    const { variable, label } = slot;
    const last = use ? `last used ${ago(use.lastAt, now)}` : 'never used';
    return `The ${label} one, ${nameOf(slot)}, was ${last}. Once it has not been used for a day, take it out of ${variable}: npm run secret -- show ${name}`;
  });
  return [`\nThe new secret is in use: ${proved} proved a delivery ${ago(lastAt, now)}.`, ...lines];
}

function refusedOf(source: string, { config }: Settings): number {
  const reader = new RefusedReader(config.refusedPath);
  try {
    return reader.groups(source).reduce((sum, { count }) => sum + count, 0);
  } finally {
    reader.close();
  }
}
