/** Reads `<PREFIX>_VERIFY`, and lists what is wrong with it. Part of source.ts. */
import type { Problem } from '../../base/errors.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { isForForms } from '../../verify/checks.ts';
import { SCHEMES, type Scheme } from '../../verify/schemes.ts';
import { BY_HANDSHAKE } from './handshakes.ts';

export function pinnedIn(prefix: string, environment: Environment): string[] {
  return (textOf(environment, `${prefix}_VERIFY`) ?? '').split(',').map((text) => text.trim().toLowerCase());
}

/** `<PREFIX>_VERIFY` pins what is checked: it may neither ask for what is not set nor leave out what is. */
export function pinProblems(
  prefix: string,
  environment: Environment,
  schemes: readonly Scheme[],
  bringsSecret: boolean,
): Problem[] {
  const setting = `${prefix}_VERIFY`;
  if (environment[setting] === undefined) return [];
  const pinned = pinnedIn(prefix, environment);
  const waits = bringsSecret && pinned.includes(BY_HANDSHAKE);
  const problems: Problem[] = [];
  for (const [at, scheme] of pinned.entries()) {
    if (scheme === BY_HANDSHAKE && bringsSecret) continue;
    const row = SCHEMES.find(({ name }) => name === scheme);
    const needed = `${prefix}_${row?.setting}`;
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
  for (const row of SCHEMES.filter(
    ({ name }) => schemes.includes(name) && !pinned.includes(name) && !(waits && isForForms(name)),
  )) {
    const there = `${prefix}_${row.setting}`;
    const fix = `Add ${row.name} to ${setting}, or unset ${there}.`;
    problems.push({ setting, wrong: `leaves out ${row.name}, but ${there} is set`, fix });
  }
  return problems;
}
