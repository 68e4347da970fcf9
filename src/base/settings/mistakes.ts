/**
 * Mistakes that are made around an environment, before a single setting is read: quotes that a program kept, a misspelt NODE_ENV, and
 * lines of `.env` that do not say what they seem to say. Each is a problem or a warning, since it would end as a secret that
 * proves nothing, or as less security than was meant. Called by serve/config and by the commands.
 */
import type { Problem } from '../errors.ts';
import type { Environment, EnvironmentReading } from './environment.ts';

const ENVIRONMENTS = ['production', 'development', 'test'];

/** A misspelt one would decide how strict the service is. */
export function refuseOddEnvironment({ environment: { NODE_ENV = '' }, problems }: EnvironmentReading): void {
  if (NODE_ENV === '' || ENVIRONMENTS.includes(NODE_ENV)) return;
  const meant = NODE_ENV.replaceAll(/[^a-z]/gi, '').toLowerCase();
  const near = ENVIRONMENTS.includes(meant)
    ? `Write ${meant}, in small letters and with nothing around it`
    : 'Leave it out';
  const fix = `${near}: serve is production unless it is called with --dev.`;
  problems.push({ setting: 'NODE_ENV', wrong: `is none of ${ENVIRONMENTS.join(', ')}`, fix });
}

const QUOTED = /^(['"])(.*)\1$/s;

/**
 * `docker run --env-file` keeps the quotes around a value, and other programs do not. Each setting of ours that has some is a
 * problem, and is read on without them, so that it has no second one.
 */
export function withoutQuotes(
  environment: Environment,
  isOurs: (name: string) => boolean,
  problems: Problem[],
): Environment {
  const unquoted = Object.entries(environment).flatMap(([setting, value = '']) => {
    const inner = isOurs(setting) ? QUOTED.exec(value)?.[2] : undefined;
    if (inner === undefined) return [];
    problems.push({ setting, ...IN_QUOTES });
    return [[setting, inner]];
  });
  return { ...environment, ...Object.fromEntries(unquoted) };
}

export const IN_QUOTES = {
  wrong: 'has quotes around its value, which would be a part of it',
  fix: 'Take them out: `docker run --env-file`, a shell or a file has kept them.',
};

export function isQuoted(value: string): boolean {
  return QUOTED.test(value);
}

const LINE = /^\s*(?:export\s+)?([\w.-]+)(\s*=|:\s)\s*(.*)$/;
const ENV_FILE_FIX = 'Write NAME=value, and a value with # or blanks in it in single quotes.';

/** Looks at the lines of an environment file. Their values are another one's to read. */
export function examineEnvFile(
  file: string,
  text: string,
  { problems, warnings }: Pick<EnvironmentReading, 'problems' | 'warnings'>,
): void {
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (/^\s*(#|$)/.test(line)) continue;
    const setting = `${file}, line ${at + 1},`;
    const [, name, sign = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) {
      warnings.push({ setting, wrong: 'says nothing that could be read', fix: ENV_FILE_FIX });
      continue;
    }
    if (!sign.includes('='))
      warnings.push({ setting, wrong: `has a colon behind ${name}`, fix: ENV_FILE_FIX });
    const quote = /^['"`]/.exec(value)?.[0];
    if (quote === undefined) {
      if (/[^\s#]#/.test(value))
        warnings.push({ setting, wrong: `cuts the value of ${name} off at #`, fix: ENV_FILE_FIX });
      continue;
    }
    const end = lineOfEnd(lines, at, value, quote);
    if (end === undefined || lines.slice(at + 1, end + 1).some((next) => LINE.test(next))) {
      const fix = 'End the value with the quote that it begins with.';
      problems.push({ setting, wrong: `opens a quote for ${name} that is not closed there`, fix });
    } else at = end;
  }
}

/** The line in which a quoted value ends; undefined if it does not. */
function lineOfEnd(lines: readonly string[], at: number, value: string, quote: string): number | undefined {
  const isEnd = (text: string) => text.replaceAll(`\\${quote}`, '').includes(quote);
  if (isEnd(value.slice(1))) return at;
  const behind = lines.slice(at + 1).findIndex(isEnd);
  return behind < 0 ? undefined : at + 1 + behind;
}
