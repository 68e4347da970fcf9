/**
 * The options of `forward` and their rules. For handlers/forward.ts. No message holds a secret, a header's value or more of the
 * URL than its host.
 */
import type { KeyObject } from 'node:crypto';
import type { Problem } from '../../../base/errors.ts';
import { http } from '../../../base/node-http.ts';
import { type Environment, readAddressRules } from '../../../base/settings/environment.ts';
import {
  choiceOf,
  type Flaw,
  flaw,
  integer,
  type ReadValue,
  type Rule,
  text,
  type ValuesOf,
  valueThat,
  withDefault,
} from '../../../base/settings/rules.ts';
import { readSecrets } from '../../../base/settings/secrets.ts';
import { MINUTE_MS } from '../../../base/times.ts';
import { NO_SIGNING_KEY, readSigningKey } from '../../../verify/standard-webhooks.ts';
import { type Choices, readOptions } from '../options.ts';
import { FORMATS, type Format, type MessageSettings, RESERVED } from './message.ts';

/** What is wrong with them is listed at the start. */
export interface ForwardOptions extends Choices {
  /** https://, or http:// to addresses in `allow`. */
  readonly url: string | undefined;
  /** Name of the environment variable with the signing secret; `…_FILE` and `…_PREVIOUS` work too. */
  readonly secret?: string;
  /** Instead of `secret`: the target cannot tell who is calling. */
  readonly unsigned?: true;
  /** Default: plain. The others are CloudEvents 1.0. */
  readonly format?: Format;
  /** Headers of your own, an Authorization for one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Addresses and ranges that may be reached though they are private, and over plain http. */
  readonly allow?: readonly string[];
  /** For the whole attempt, from the name's look-up to the end of the answer. */
  readonly timeoutMs?: number;
}

/** Without a `url` if it cannot be used. */
export type ForwardSettings = MessageSettings & Pick<ValuesOf<typeof RULES>, 'url' | 'allow' | 'timeoutMs'>;

const VARIABLE = /^[A-Z][A-Z0-9_]*$/;
const URL_FIX = "Write it in full: url: 'https://orders.example/webhooks'.";
const ALLOW_FIX = "Write allow: ['10.1.2.3', '10.2.0.0/16', 'loopback'].";
const HEADERS_FIX = "Write headers: { 'X-Tenant': 'one' }.";

const RULES = {
  url: readUrl,
  // A text that is no name may be the secret itself, so it is not repeated.
  secret: text(
    (name) => VARIABLE.test(name),
    "Write the name only: secret: 'ORDERS_SIGNING_SECRET'; the secret goes into that variable.",
    { wrong: 'is not the name of an environment variable' },
  ),
  unsigned: valueThat<true>((given) => given === true, 'Write true, or leave it out.'),
  format: withDefault(choiceOf(Object.keys(FORMATS) as Format[]), 'plain'),
  headers: readHeaders,
  allow: readAllow,
  timeoutMs: withDefault(integer(1, 10 * MINUTE_MS), 10_000),
} satisfies Record<keyof Omit<ForwardOptions, keyof Choices>, Rule<unknown>>;

/** `whom` names this forward in messages, by its host if there is one. */
export function readForward(options: unknown, environment: Environment) {
  const { url: named } = readOptions('forward', options, RULES).given;
  const whom = named ? `forward to ${named.host}` : 'forward';
  const { given, problems } = readOptions(whom, options, RULES, signingFlaws);
  const { url, format, headers, allow, timeoutMs, secret } = given;
  const keys = secret === undefined ? [] : readKeys(secret, environment, problems);
  const settings: ForwardSettings = { url, format, headers, allow, timeoutMs, keys };
  return { settings, whom, problems };
}

function readUrl(given: unknown): ReadValue<URL | undefined> {
  const url = typeof given === 'string' ? URL.parse(given) : null;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return { value: url, flaws: urlFlaws(url) };
  const wrong = given === undefined ? 'is missing' : 'is not an https:// or http:// URL';
  return { value: undefined, flaws: [flaw(wrong, URL_FIX)] };
}

function urlFlaws({ username, password, href }: URL): Flaw[] {
  const fix = 'Put them into headers: { Authorization: … }, read from the environment.';
  const flaws = username !== '' || password !== '' ? [flaw('has a user or password in it', fix)] : [];
  if (href.includes('#'))
    flaws.push(flaw('has a fragment', 'Take off # and what follows: it is never sent.'));
  return flaws;
}

function signingFlaws({ secret, unsigned }: ValuesOf<typeof RULES>): Flaw[] {
  if (secret !== undefined && unsigned === true) {
    return [flaw('is there beside unsigned: true', 'Keep one of the two.', 'secret')];
  }
  const fix = "Name a variable, as in secret: 'ORDERS_SIGNING_SECRET', or say unsigned: true.";
  return secret === undefined && unsigned !== true ? [flaw('is missing', fix, 'secret')] : [];
}

function readKeys(name: string, environment: Environment, problems: Problem[]): KeyObject[] {
  const { live, set } = readSecrets(name, { environment, production: false, problems, warnings: [] });
  const make = 'Make one with: echo whsec_$(openssl rand -base64 32)';
  if (!set) problems.push({ setting: name, wrong: 'is not set, and forward signs with it', fix: make });
  return live.flatMap((secret) => {
    const key = readSigningKey(secret);
    if (key) return key;
    const setting = [name, `${name}_PREVIOUS`].find((form) => environment[form] === secret) ?? `${name}_FILE`;
    problems.push({ setting, wrong: NO_SIGNING_KEY, fix: `${make} and give it to the target too.` });
    return [];
  });
}

function readAllow(given: unknown): ReadValue<readonly string[]> {
  if (given === undefined) return { value: [], flaws: [] };
  if (!Array.isArray(given)) return { value: [], flaws: [flaw('is not a list', ALLOW_FIX)] };
  const problems: Problem[] = [];
  const value = readAddressRules('allow', given, problems);
  return { value, flaws: problems.map(({ wrong, fix }) => flaw(wrong, fix)) };
}

function readHeaders(given: unknown): ReadValue<Readonly<Record<string, string>>> {
  if (given === undefined) return { value: {}, flaws: [] };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { value: {}, flaws: [flaw('is not an object of names and values', HEADERS_FIX)] };
  }
  const flaws = Object.entries(given).flatMap(([name, value], at) => headerFlaw(name, value, at) ?? []);
  return { value: given as Readonly<Record<string, string>>, flaws };
}

function headerFlaw(name: string, value: unknown, at: number): Flaw | undefined {
  if (!succeeds(() => http.validateHeaderName(name))) {
    // The name is not repeated: a whole line, with its value, may have been pasted there.
    const wrong = `has a name (number ${at + 1}) with characters that a header's name cannot have`;
    return flaw(wrong, 'Use letters, digits and hyphens, as in X-Tenant.');
  }
  if (RESERVED.test(name.toLowerCase())) {
    return flaw('is not yours to set', 'Take it out: forward or HTTP itself sets it.', name);
  }
  if (
    typeof value !== 'string' ||
    value.trim() === '' ||
    !succeeds(() => http.validateHeaderValue(name, value))
  ) {
    return flaw('is not one line of printable characters', 'Write a text of printable characters.', name);
  }
  if (/(^|\s)undefined$/.test(value)) {
    return flaw('has the value undefined', 'Set the environment variable that it is read from.', name);
  }
  return undefined;
}

function succeeds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
