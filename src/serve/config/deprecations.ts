/**
 * What still works and goes with a major version: one table. Whoever writes such a name is warned at the start, in `check` and in
 * the log, with the line to write in its place. UPGRADING.md shows the table, and a test holds the two together.
 *
 * Called by config.ts, before settings and knobs are read. Names of the package that go have `@deprecated` beside them.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Problem } from '../../base/errors.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';

export interface Deprecation {
  /** A variable without `_PREVIOUS` and `_FILE`, as in `SOME_TOKEN`, or a knob of config/service.ts, as in `refused.countMax`. */
  readonly old: string;
  /** What takes its value; undefined if nothing does: it has no effect any more. */
  readonly now: string | undefined;
  readonly since: string;
  /** The version that does not know it. */
  readonly until: string;
}

export const DEPRECATIONS: readonly Deprecation[] = [
  { old: 'refused.countMax', now: undefined, since: '0.2.0', until: '1.0.0' },
];

/** The types of such knobs, so that files which have them compile. */
export interface FormerKnobs {
  /** @deprecated `countMax` has no effect: `bytesMax` bounds what is kept. */
  readonly refused?: { readonly countMax?: number | undefined } | undefined;
}

const isSetting = ({ old }: Deprecation) => old === old.toUpperCase();

/** The environment with old names read as new ones. The value is never shown. */
export function renameSettings(
  environment: Environment,
  warnings: Problem[],
  table: readonly Deprecation[] = DEPRECATIONS,
): Environment {
  const renamed: Record<string, string | undefined> = {};
  for (const row of table.filter(isSetting)) {
    for (const suffix of ['', '_FILE', '_PREVIOUS', '_PREVIOUS_FILE']) {
      const setting = row.old + suffix;
      if (textOf(environment, setting) === undefined) continue;
      const now = row.now && row.now + suffix;
      if (now !== undefined && textOf(environment, now) === undefined) renamed[now] = environment[setting];
      const fix = now === undefined ? 'Take it out.' : `Write in its place, with the value it has: ${now}=…`;
      warnings.push({ setting, wrong: wordsFor(row), fix });
    }
  }
  return { ...environment, ...renamed };
}

/** What config/service.ts exports, with old names read as new ones. */
export function renameKnobs(
  given: unknown,
  warnings: Problem[],
  table: readonly Deprecation[] = DEPRECATIONS,
): unknown {
  let knobs = given;
  for (const row of table.filter((one) => !isSetting(one))) {
    const value = memberAt(knobs, row.old);
    if (value === undefined) continue;
    const before = knobs as object;
    knobs = withMember(before, row.old, undefined);
    if (row.now !== undefined && memberAt(knobs, row.now) === undefined)
      knobs = withMember(knobs as object, row.now, value);
    const wrong = `${row.old} ${wordsFor(row)}`;
    warnings.push({ setting: 'config/service.ts', wrong, fix: newLines(before, knobs as object) });
  }
  return knobs;
}

function wordsFor({ now, since, until }: Deprecation): string {
  const what = now === undefined ? 'has had no effect' : `has been called ${now}`;
  return `${what} since ${since}, and ${until} will not know it`;
}

/** The lines of config/service.ts as they are to be, where they change. */
function newLines(before: object, after: object): string {
  const lines = Object.entries(after)
    .filter(([name, value]) => !isDeepStrictEqual(value, memberAt(before, name)))
    .filter(([, value]) => !isDeepStrictEqual(value, {}))
    .map(
      ([name, value]) =>
        `${name}: ${inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY })},`,
    );
  return lines.length === 0 ? 'Take it out.' : `Write in its place: ${lines.join(' ')}`;
}

function memberAt(given: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], given);
}

/** A copy of it; undefined takes the member out. */
function withMember(object: object, path: string, value: unknown): object {
  const [name = '', ...rest] = path.split('.');
  const { [name]: inner, ...others } = object as Record<string, unknown>;
  const isInner = typeof inner === 'object' && inner !== null;
  const made = rest.length === 0 ? value : withMember(isInner ? inner : {}, rest.join('.'), value);
  return made === undefined ? others : { ...object, [name]: made };
}
