/**
 * The text of `.env`: for each source the setting that switches it on, and above it what to do at the provider. For a new project,
 * for the first run, and for a source that is added.
 */
import { randomBytes } from 'node:crypto';
import { settingOf, signedSettings } from '../serve/config/proving.ts';
import { prefixOf } from '../serve/config/source.ts';
import { isAsymmetric } from '../verify/form/vocabulary.ts';
import { bringsSecret } from '../verify/handshake.ts';
import { setUpSteps } from '../verify/handshake-words.ts';
import type { Preset } from '../verify/preset.ts';
import { firstSetting } from '../verify/switches.ts';
import { wrapWords } from './terminal.ts';

const WIDTH = 108;
const HEAD = [
  'Secrets for development on this machine, made by `consignee init`. Not for git.',
  'Put the providers’ own secrets here when they are to reach you. Every setting: .env.example',
];
const EXAMPLES_HEAD = [
  'What this project needs from its environment. In production: in .env.production, or wherever secrets are kept.',
  'Every secret may also come in a file, under the same name with _FILE.',
];

interface NamedSource {
  readonly source: string;
  readonly preset: Preset;
}

/** With fresh secrets. */
export function secretsOf(sources: readonly NamedSource[]): string {
  return [comment(HEAD), ...sources.map(secretOf)].join('\n');
}

/** Without values. */
export function examplesOf(sources: readonly NamedSource[]): string {
  return [comment(EXAMPLES_HEAD), ...sources.map(exampleOf)].join('\n');
}

/** The section of one source, with a fresh secret. */
export function secretOf(source: NamedSource): string {
  // Nobody can make up a public key for which the provider has the private one.
  const { forms, jwt } = source.preset;
  const isShared =
    forms.length === 0 ? jwt === undefined || jwt.algorithm === 'HS256' : !forms.every(isAsymmetric);
  return sectionOf(source, isShared ? randomBytes(32).toString('hex') : '');
}

/** The section of one source, without a value. */
export function exampleOf(source: NamedSource): string {
  return sectionOf(source, '');
}

export function switchOf(named: NamedSource): string {
  return switchWithValue(named)[0];
}

/** Of what its signatures are checked with, whatever switches the source on at first. */
export function secretSettingOf({ source }: Pick<NamedSource, 'source'>): string {
  return settingOf(prefixOf(source), 'webhookSecret');
}

/** Where a provider's keys are fetched, or its secret comes by a handshake, there is nothing secret to make. */
function switchWithValue({ source, preset }: NamedSource): [setting: string, value: string | undefined] {
  const [setting = '', value] = firstSetting({ prefix: prefixOf(source), preset }).split('=');
  return [setting, value];
}

/** The steps at the provider, for a source that has its name. */
export function stepsOf({ source, preset }: NamedSource): string[] {
  return setUpSteps(preset, (name) => settingOf(prefixOf(source), name));
}

function sectionOf(named: NamedSource, made: string): string {
  const { title } = named.preset;
  const [setting, value = made] = switchWithValue(named);
  const line = `${setting}=${value}\n`;
  const later = bringsSecret(named.preset) ? [secretSettingOf(named)] : [];
  const open = [...neededBy(named), ...later].map((name) => `# ${name}=\n`);
  return [
    comment([`${title}. ${stepsOf(named).join(' ')}`]),
    value === '' ? `# ${line}` : line,
    ...open,
  ].join('');
}

/** What a person must set before the service starts again. */
export function neededBy({ source, preset }: NamedSource): string[] {
  return signedSettings(prefixOf(source), preset);
}

function comment(paragraphs: readonly string[]): string {
  const lines = paragraphs.flatMap((text) => wrapWords(text, WIDTH));
  return lines.map((line) => `# ${line}\n`).join('');
}
