/** Typed readings of environment variables. Each adds what is wrong to `problems` and goes on with the default. */
import type { Problem } from '../errors.ts';
import { rangesNamed, readRule } from '../verification/address.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that is set but empty counts as not set: Compose files and shells write it so. */
export function textOf(environment: Environment, setting: string): string | undefined {
  const value = environment[setting]?.trim();
  return value === '' ? undefined : value;
}

export function readInteger(
  environment: Environment,
  setting: string,
  fallback: number,
  [least, most]: readonly [number, number],
  problems: Problem[],
): number {
  const value = textOf(environment, setting);
  if (value === undefined) return fallback;
  if (/^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  problems.push({
    setting,
    wrong: `is not a whole number from ${least} to ${most}`,
    fix: `Try ${fallback}.`,
  });
  return fallback;
}

export function readBoolean(
  environment: Environment,
  setting: string,
  fallback: boolean,
  problems: Problem[],
): boolean {
  const value = textOf(environment, setting)?.toLowerCase();
  if (value === undefined) return fallback;
  if (value === 'true' || value === 'false') return value === 'true';
  problems.push({ setting, wrong: 'is neither true nor false', fix: `Leave it out for ${fallback}.` });
  return fallback;
}

const UNITS = { b: 1, kb: 1024, mb: 1_048_576 } as const;

/** `1mb` is 1,048,576 bytes; a bare number is bytes. */
export function readBytes(
  environment: Environment,
  setting: string,
  fallback: number,
  problems: Problem[],
): number {
  const value = textOf(environment, setting)?.toLowerCase();
  if (value === undefined) return fallback;
  const [, number, unit = 'b'] = /^([1-9]\d{0,8})\s*(b|kb|mb)?$/.exec(value) ?? [];
  const bytes = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (bytes > 0 && bytes <= 512 * UNITS.mb) return bytes;
  problems.push({ setting, wrong: 'is not a size up to 512mb', fix: 'Write it as 500kb, 1mb or 25mb.' });
  return fallback;
}

/**
 * A comma list of addresses and CIDR ranges; `named` turns a name into ranges. Undefined if the variable is not there.
 * An empty entry is a mistake here: an allowlist that lost its content must not turn into no allowlist.
 */
export function readRules(
  environment: Environment,
  setting: string,
  named: (name: string) => readonly string[] | undefined,
  problems: Problem[],
): string[] | undefined {
  const value = environment[setting];
  if (value === undefined) return undefined;
  const rules: string[] = [];
  for (const [at, entry] of value.split(',').entries()) {
    for (const text of named(entry.trim()) ?? [entry.trim()]) {
      const read = readRule(text);
      if ('rule' in read) rules.push(read.rule);
      else problems.push(ruleProblem(setting, text, at + 1, read.wrong));
    }
  }
  return rules;
}

function ruleProblem(setting: string, entry: string, place: number, wrong: string): Problem {
  if (entry === '') {
    return { setting, wrong: 'has an empty entry', fix: 'Take the extra comma out, or unset the variable.' };
  }
  const isName = /[a-z]/i.test(entry) && !/^[0-9a-f:.]+(\/\d+)?$/i.test(entry);
  const fix = isName
    ? 'Host names are not accepted: write the addresses, as in 52.4.41.98 or 203.0.113.0/24.'
    : 'Write it as 52.4.41.98, 203.0.113.0/24 or 2001:db8::/32.';
  return { setting, wrong: `has an entry (number ${place}) that ${wrong}`, fix };
}

export function readProxies(environment: Environment, problems: Problem[]): string[] {
  const setting = 'TRUST_PROXY';
  const value = textOf(environment, setting);
  if (value === undefined) return [];
  if (/^(true|false|\d+)$/i.test(value)) {
    const fix = 'List the proxies’ addresses or CIDR ranges, or loopback, linklocal, uniquelocal.';
    problems.push({
      setting,
      wrong: 'cannot be a switch or a hop count: a sender could choose its address',
      fix,
    });
    return [];
  }
  return readRules({ [setting]: value }, setting, rangesNamed, problems) ?? [];
}
