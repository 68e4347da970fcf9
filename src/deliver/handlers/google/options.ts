/**
 * Checks the options of a handler when it is built: what is missing, cannot be, or is not an option at all. Every problem at
 * once, none of them thrown, and values are not repeated. Types, sources and limits are checked with the wiring.
 */
import type { Problem } from '../../../base/errors.ts';
import { unknownOptions } from '../choices.ts';

/** What both of Google's services are told. */
export interface GoogleOptions {
  /** Path of a key file; without it the library looks for Application Default Credentials. */
  readonly keyFile?: string | undefined;
  readonly projectId?: string | undefined;
  /** An emulator, which is not shown any credentials, or a private endpoint under googleapis.com, which is. */
  readonly apiEndpoint?: string | undefined;
  /** For all that an attempt asks of Google. */
  readonly timeoutMs?: number | undefined;
}

export interface Rule {
  readonly isValid: (value: unknown) => boolean;
  readonly fix: string;
  readonly isRequired?: true;
}

export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule };

const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$/;
export const GOOGLE_RULES: Rules<GoogleOptions> = {
  keyFile: text((path) => path !== '', "Write the path of a key file: keyFile: '/run/secrets/google.json'."),
  projectId: text((id) => PROJECT.test(id), "Write the project's id, not its name or number."),
  apiEndpoint: text(isHttpUrl, "Write its URL: apiEndpoint: 'http://localhost:9050'."),
  timeoutMs: integer(1, 600_000),
};

export function text(isValid: (value: string) => boolean, fix: string): Rule {
  return { isValid: (value) => typeof value === 'string' && isValid(value), fix };
}

export function integer(least: number, most: number): Rule {
  const isValid = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return { isValid, fix: `Use ${least} to ${most}.` };
}

/** The options that can be used, and what is wrong with the others. An option that is undefined is not there. */
export function readOptions<Options extends object>(
  kind: string,
  options: Options,
  rules: Rules<Options>,
): { given: Partial<Options>; problems: Problem[] } {
  const rulesByName = Object.entries<Rule>(rules);
  const values = new Map(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
  const problems = [
    ...rulesByName.flatMap(([name, rule]) => valueProblems(kind, name, values.get(name), rule)),
    ...unknownOptions(kind, options, Object.keys(rules)),
  ];
  const usable = rulesByName.filter(([name, rule]) => values.has(name) && rule.isValid(values.get(name)));
  const given = Object.fromEntries(usable.map(([name]) => [name, values.get(name)])) as Partial<Options>;
  return { given, problems };
}

function valueProblems(kind: string, name: string, value: unknown, rule: Rule): Problem[] {
  if (value === undefined) return rule.isRequired ? [problem(`gives ${kind} no ${name}`, rule.fix)] : [];
  if (rule.isValid(value)) return [];
  return [problem(`gives ${kind} ${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} that cannot be`, rule.fix)];
}

function problem(wrong: string, fix: string): Problem {
  return { setting: 'config/sources.ts', wrong, fix };
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
