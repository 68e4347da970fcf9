/** Reads environment variables as typed values. Each function notes what is wrong and returns the default. */
import { canonicalAddress, matchesEverything, rangesNamed, readRule } from '../address.ts';
import type { Problem } from '../errors.ts';
import { readSmallFile } from './small-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment that is being read, and what is found wrong with it. */
export interface EnvironmentReading {
  readonly environment: Environment;
  readonly production: boolean;
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

/** A value that is set but empty counts as not set: Compose files and shells write it so. */
export function textOf(environment: Environment, setting: string): string | undefined {
  const value = environment[setting]?.trim();
  return value === '' ? undefined : value;
}

export function readInteger(
  { environment, problems }: EnvironmentReading,
  setting: string,
  fallback: number,
  [least, most]: readonly [number, number],
): number {
  const value = textOf(environment, setting);
  if (value === undefined) return fallback;
  if (/^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  if (/^(tcp|udp):\/\//.test(value)) {
    const wrong = 'is what Kubernetes sets for a Service of that name, and not ours';
    const fix = 'Write enableServiceLinks: false in the spec of the pod, or set it there yourself.';
    problems.push({ setting, wrong, fix });
    return fallback;
  }
  const wrong = `is not a whole number from ${least} to ${most}`;
  problems.push({ setting, wrong, fix: `Try ${fallback}.` });
  return fallback;
}

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** An address of this machine, or its name. */
export function readHost(
  { environment, problems }: EnvironmentReading,
  setting: string,
  fallback: string,
): string {
  const host = textOf(environment, setting) ?? fallback;
  if (canonicalAddress(host) !== undefined || HOST_NAME.test(host)) return host;
  const inner = /^\[(.*)\]$/.exec(host)?.[1];
  if (inner !== undefined)
    problems.push({ setting, wrong: 'has brackets around it', fix: `Write ${inner}.` });
  else {
    const fix = `Write ${fallback}, :: for IPv6 and IPv4, or an address of this machine; the port is a setting of its own.`;
    problems.push({ setting, wrong: 'is neither an address nor a name', fix });
  }
  return fallback;
}

export function readBoolean(
  { environment, problems }: EnvironmentReading,
  setting: string,
  fallback: boolean,
): boolean {
  const value = textOf(environment, setting)?.toLowerCase();
  if (value === undefined) return fallback;
  if (value === 'true' || value === 'false') return value === 'true';
  problems.push({ setting, wrong: 'is neither true nor false', fix: `Leave it out for ${fallback}.` });
  return fallback;
}

const UNITS = { b: 1, kb: 1024, mb: 1_048_576 } as const;

/** `1mb` is 1,048,576 bytes; a bare number is bytes. */
export function readBytes({ environment, problems }: EnvironmentReading, setting: string, fallback: number) {
  const value = textOf(environment, setting)?.toLowerCase();
  if (value === undefined) return fallback;
  const [, number, unit = 'b'] = /^([1-9]\d{0,8})\s*(b|kb|mb)?$/.exec(value) ?? [];
  const bytes = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (bytes > 0 && bytes <= 512 * UNITS.mb) return bytes;
  problems.push({ setting, wrong: 'is not a size up to 512mb', fix: 'Write it as 500kb, 1mb or 25mb.' });
  return fallback;
}

/** The problem of one entry in a list of addresses. `place` says which entry it is; its text is not shown. */
export function entryProblem(setting: string, entry: string, place: string, wrong: string, fix: string) {
  const empty = 'Take the extra comma out, or unset the variable.';
  // An allowlist that lost its content must not turn into no allowlist.
  if (entry === '') return { setting, wrong: `has an empty entry (${place})`, fix: empty };
  return { setting, wrong: `has an entry (${place}) that ${wrong}`, fix };
}

/** The text of a file that a setting names; undefined, with a problem, if it cannot be read. */
export function readFileOf(setting: string, path: string, problems: Problem[]): string | undefined {
  try {
    return readSmallFile(path).toString();
  } catch (error) {
    const { message } = error as Error;
    const fix = 'Mount the file, or let the user this runs as read it.';
    problems.push({ setting, wrong: `names a file that cannot be read (${message})`, fix });
    return undefined;
  }
}

/** A problem if both NAME and NAME_FILE are set. */
export function refuseBoth(name: string, inline: unknown, file: unknown, problems: Problem[]): void {
  if (inline === undefined || file === undefined) return;
  const fix = 'Keep one of the two: nobody could tell which one holds.';
  problems.push({ setting: name, wrong: `is set, and ${name}_FILE too`, fix });
}

/** Addresses and CIDR ranges of proxies, and the names of ranges. Host names are refused: DNS must not decide which proxy to believe. */
export function readProxies({ environment, problems }: EnvironmentReading): string[] {
  const setting = 'TRUST_PROXY';
  const value = textOf(environment, setting);
  if (value === undefined) return [];
  if (/^(true|false|\d+)$/i.test(value)) {
    const wrong = 'cannot be a switch or a hop count: a sender could choose its address';
    const fix = 'List the proxies’ addresses or CIDR ranges, or loopback, linklocal, uniquelocal.';
    problems.push({ setting, wrong, fix });
    return [];
  }
  const rules = readAddressRules(setting, value.split(','), problems);
  if (matchesEverything(rules)) problems.push({ setting, ...MATCHES_EVERYTHING });
  return rules;
}

/** What is wrong with a list that lets everybody in, taken together. */
export const MATCHES_EVERYTHING = {
  wrong: 'matches every address, if its ranges are taken together',
  fix: 'Name the addresses that are meant.',
};

/** Reads addresses, CIDR ranges and names of ranges, and returns them as rules. */
export function readAddressRules(setting: string, entries: readonly unknown[], problems: Problem[]) {
  return entries.flatMap((part, at) => {
    const entry = String(part ?? '').trim();
    const ranges = rangesNamed(entry);
    if (ranges) return ranges;
    const read = readRule(entry);
    if ('rule' in read) return [read.rule];
    const fix = 'Write addresses or ranges, as in 10.0.0.5 or 10.0.1.0/24; host names are not accepted here.';
    problems.push(entryProblem(setting, entry, `number ${at + 1}`, read.wrong, fix));
    return [];
  });
}
