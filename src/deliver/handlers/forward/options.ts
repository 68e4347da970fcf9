/**
 * The options of `forward`, and what may be wrong with them: every problem at once, none of them thrown. For
 * handlers/forward.ts. No message holds a secret, a header's value or more of the URL than its host.
 */
import type { KeyObject } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Problem } from '../../../base/errors.ts';
import { type Environment, readRanges } from '../../../base/settings/environment.ts';
import { readSecrets } from '../../../base/settings/secrets.ts';
import { NO_SIGNING_KEY, readSigningKey } from '../../../verify/standard-webhooks.ts';
import { type Choices, unknownOptions } from '../choices.ts';
import { FORMATS, type Format } from './formats.ts';
import { type MessageSettings, RESERVED } from './message.ts';

const OPTIONS = ['url', 'secret', 'unsigned', 'format', 'headers', 'allow', 'timeoutMs'] as const;

export interface ForwardOptions extends Choices {
  /** https://, or http:// to addresses in `allow`. */
  readonly url: string | undefined;
  /** Name of the environment variable with the signing secret; `…_FILE` and `…_PREVIOUS` work too. */
  readonly secret?: string;
  /** Instead of `secret`: the target cannot tell who is calling. */
  readonly unsigned?: true;
  readonly format?: Format;
  /** Headers of your own, an Authorization for one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Addresses and ranges that may be reached though they are private, and over plain http. */
  readonly allow?: readonly string[];
  /** For the whole attempt, from the name's look-up to the end of the answer. */
  readonly timeoutMs?: number;
}

export interface ForwardSettings extends MessageSettings {
  /** Undefined if it cannot be used. */
  readonly url: URL | undefined;
  readonly allow: readonly string[];
  readonly timeoutMs: number;
}

/** Notes a problem; `wrong` reads after "gives forward". */
type Complain = (wrong: string, fix: string) => void;

const TIMEOUT_MS = 10_000;
const TIMEOUT_MOST_MS = 600_000;
const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

export function readOptions(
  options: ForwardOptions,
  environment: Environment,
  problems: Problem[],
): ForwardSettings {
  const url = readUrl(options.url, complainOf(undefined, problems));
  const complain = complainOf(url, problems);
  problems.push(...unknownOptions(whomOf(url), options, OPTIONS));
  return {
    url,
    keys: readKeys(options, environment, complain, problems),
    format: readFormat(options.format, complain),
    headers: readHeaders(options.headers, complain),
    allow: readAllow(options.allow, complain),
    timeoutMs: readTimeout(options.timeoutMs, complain),
  };
}

export function complainOf(url: URL | undefined, problems: Problem[]): Complain {
  const whom = whomOf(url);
  return (wrong, fix) =>
    problems.push({ setting: 'config/sources.ts', wrong: `gives ${whom} ${wrong}`, fix });
}

function whomOf(url: URL | undefined): string {
  return url ? `the forward to ${url.host}` : 'forward';
}

function readUrl(text: unknown, complain: Complain): URL | undefined {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    const wrong = text === undefined ? 'no url' : 'a url that is not https:// or http://';
    complain(wrong, "Write it in full: url: 'https://orders.example/webhooks'.");
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    const fix = 'Put them into headers: { Authorization: … }, read from the environment.';
    complain('a url with a user or password in it', fix);
  }
  if (url.href.includes('#'))
    complain('a url with a fragment', 'Take off # and what follows: it is never sent.');
  return url;
}

function readKeys(
  { secret, unsigned }: ForwardOptions,
  environment: Environment,
  complain: Complain,
  problems: Problem[],
): KeyObject[] {
  if (unsigned !== undefined && unsigned !== true) complain('an unsigned that is not true', 'Leave it out.');
  if (secret === undefined) {
    const fix = "Name a variable, as in secret: 'ORDERS_SIGNING_SECRET', or say unsigned: true.";
    if (unsigned !== true) complain('no secret to sign with', fix);
    return [];
  }
  if (unsigned === true) complain('a secret, and unsigned: true', 'Keep one of the two.');
  // What is no name may be the secret itself, so it is not repeated.
  if (typeof secret !== 'string' || !VARIABLE.test(secret)) {
    const fix = "Write the name only: secret: 'ORDERS_SIGNING_SECRET'; the secret goes into that variable.";
    complain('a secret that is not the name of an environment variable', fix);
    return [];
  }
  const { live, set } = readSecrets(secret, environment, problems, []);
  const make = 'Make one with: echo whsec_$(openssl rand -base64 32)';
  if (!set) problems.push({ setting: secret, wrong: 'is not set, and forward signs with it', fix: make });
  return live.flatMap((text) => {
    const key = readSigningKey(text);
    const fix = `${make} and give it to the target too.`;
    if (!key) {
      problems.push({ setting: settingOf(secret, text, environment), wrong: NO_SIGNING_KEY, fix });
    }
    return key ?? [];
  });
}

function settingOf(name: string, text: string, environment: Environment): string {
  if (environment[name] === text) return name;
  return environment[`${name}_PREVIOUS`] === text ? `${name}_PREVIOUS` : `${name}_FILE`;
}

function readFormat(format: unknown, complain: Complain): Format {
  const formats = Object.keys(FORMATS);
  if (format !== undefined && !formats.includes(format as Format)) {
    complain('a format that it does not know', `The formats are ${formats.join(', ')}.`);
  }
  return (format as Format) ?? 'plain';
}

function readHeaders(headers: unknown, complain: Complain): Readonly<Record<string, string>> {
  if (headers === undefined) return {};
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    complain('headers that are not names and values', "Write headers: { 'X-Tenant': 'one' }.");
    return {};
  }
  for (const [at, [name, value]] of Object.entries(headers).entries()) {
    if (!passes(() => validateHeaderName(name))) {
      const fix = 'Use letters, digits and hyphens, as in X-Tenant.';
      complain(`headers of which number ${at + 1} has a name that cannot be`, fix);
    } else if (RESERVED.test(name.toLowerCase())) {
      complain(
        `the header ${name}, which is not yours to set`,
        'Take it out: forward or HTTP itself sets it.',
      );
    } else if (
      typeof value !== 'string' ||
      value.trim() === '' ||
      !passes(() => validateHeaderValue(name, value))
    ) {
      complain(`the header ${name} with a value that cannot be`, 'Use one line of printable characters.');
    } else if (/(^|\s)undefined$/.test(value)) {
      complain(
        `the header ${name} with the value undefined`,
        'Set the environment variable that it is read from.',
      );
    }
  }
  return headers as Readonly<Record<string, string>>;
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function readAllow(entries: unknown, complain: Complain): string[] {
  if (entries === undefined || (Array.isArray(entries) && entries.length === 0)) return [];
  if (!Array.isArray(entries)) {
    complain('an allow that is not a list', "Write allow: ['10.1.2.3', '10.2.0.0/16', 'loopback'].");
    return [];
  }
  const problems: Problem[] = [];
  const rules = readRanges('allow', entries, problems);
  for (const { wrong, fix } of problems) complain(`an allow that ${wrong}`, fix);
  return rules;
}

function readTimeout(timeoutMs: unknown, complain: Complain): number {
  if (timeoutMs === undefined) return TIMEOUT_MS;
  if (Number.isInteger(timeoutMs) && Number(timeoutMs) >= 1 && Number(timeoutMs) <= TIMEOUT_MOST_MS) {
    return Number(timeoutMs);
  }
  complain('a timeoutMs that cannot be', `Use 1 to ${TIMEOUT_MOST_MS}.`);
  return TIMEOUT_MS;
}
