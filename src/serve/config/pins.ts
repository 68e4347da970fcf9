/** Holds `<PREFIX>_VERIFY` against what a source is checked with. Called by source.ts. */
import type { Problem } from '../../base/errors.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { isForForms } from '../../verify/checks.ts';
import { BY_HANDSHAKE } from '../../verify/handshake.ts';
import { SCHEMES, type Scheme } from '../../verify/schemes.ts';
import { settingFor } from '../../verify/switches.ts';
import type { SourceConfig } from './source.ts';

/** Of a list with commas, in small letters. */
export function wordsIn(list = ''): string[] {
  return list.split(',').map((text) => text.trim().toLowerCase());
}

/** `<PREFIX>_VERIFY` pins what is checked: it may neither ask for what is not set nor leave out what is. */
export function pinProblems(
  { prefix, preset, takesSecrets }: Pick<SourceConfig, 'prefix' | 'preset' | 'takesSecrets'>,
  environment: Environment,
  schemes: readonly Scheme[],
): Problem[] {
  const setting = `${prefix}_VERIFY`;
  if (environment[setting] === undefined) return [];
  const text = textOf(environment, setting);
  if (text === undefined) {
    const fix = 'Remove the line, or name the checks there.';
    return [{ setting, wrong: 'is empty, which pins nothing', fix }];
  }
  const pinned = wordsIn(text);
  const problems: Problem[] = [];
  for (const [at, scheme] of pinned.entries()) {
    if (takesSecrets && scheme === BY_HANDSHAKE) continue;
    const row = SCHEMES.find(({ name }) => name === scheme);
    const needed = `${prefix}_${row && settingFor(row, preset)}`;
    if (!row) {
      const fix = `The schemes are ${SCHEMES.map(({ name }) => name).join(', ')}.`;
      problems.push({ setting, wrong: `has an unknown scheme (number ${at + 1})`, fix });
    } else if (!schemes.includes(row.name)) {
      problems.push({
        setting,
        wrong: `asks for ${scheme}, but ${needed} is not set`,
        fix: `Set ${needed}.`,
      });
    }
  }
  const isLeftOut = (name: Scheme) =>
    schemes.includes(name) && !pinned.includes(name) && !(takesSecrets && isForForms(name));
  for (const row of SCHEMES.filter(({ name }) => isLeftOut(name))) {
    const there = `${prefix}_${settingFor(row, preset)}`;
    const fix = `Add ${row.name} to ${setting}, or unset ${there}.`;
    problems.push({ setting, wrong: `leaves out ${row.name}, but ${there} is set`, fix });
  }
  return problems;
}
