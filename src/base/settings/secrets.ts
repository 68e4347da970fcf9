/**
 * Reads secrets from the environment or from files, and refuses texts that cannot be one.
 *
 * NAME holds one secret; NAME_FILE names a file with one live secret a line, newest first; NAME_PREVIOUS is the one being
 * retired. All live secrets are accepted. Messages name the variable and the fix, never the value.
 *
 * A key in PEM or JSON (a JWK, a JWK Set) is one secret however many lines it has: it is read as if it stood on one.
 */
import type { Problem } from '../errors.ts';
import { type EnvironmentReading, readFileOf, refuseBoth } from './environment.ts';
import { IN_QUOTES, isQuoted } from './mistakes.ts';

const SHORT_BELOW = 32;
/** In production fewer are no secret. */
const LEAST = 16;

/** Texts that people leave standing: samples from the providers' own pages, and words that shells and templates put there. */
const PLACEHOLDERS = new Set([
  '[object object]',
  ...`
    123abc your-very-secret-key your_dev_key your_prod_key your_dev_webhook_secret
    your_prod_webhook_secret
    secret mysecret token key password changeme change_me change-me replaceme replace_me replace-me
    placeholder example default test dummy todo none null nil undefined true false nan redacted
    [redacted]
  `
    .trim()
    .split(/\s+/),
]);
const PLACEHOLDER_FORMS = [/^<.*>$/s, /^\$\{.*\}$/s, /^\{\{.*\}\}$/s, /^your[-_ ]/i, /^(.)\1*$/s];

/** Control and format characters, and the character that stands for bytes that are not UTF-8. */
const UNSEEN = /[\p{Cc}\p{Cf}\uFFFD]/u;

export function isPlaceholder(secret: string): boolean {
  return PLACEHOLDERS.has(secret.toLowerCase()) || PLACEHOLDER_FORMS.some((form) => form.test(secret));
}

export interface Secrets {
  /** Newest first; empty if the setting is not there or not usable. */
  readonly live: readonly string[];
  /** True if any form of the setting is there, usable or not. */
  readonly set: boolean;
}

/**
 * Reads NAME, NAME_FILE and NAME_PREVIOUS; adds to `problems` and `warnings` what is wrong with them. `isPublic`: they hold public keys,
 * which are neither guessed nor made up.
 */
export function readSecrets(
  name: string,
  { environment, production, problems, warnings }: EnvironmentReading,
  isPublic = false,
): Secrets {
  const inline = onOneLine(environment[name]);
  const file = environment[`${name}_FILE`];
  const previous = onOneLine(environment[`${name}_PREVIOUS`]);
  const found: { setting: string; secret: string }[] = [];
  refuseBoth(name, inline, file, problems);
  if (inline !== undefined) found.push({ setting: name, secret: inline });
  if (file !== undefined) {
    for (const secret of linesOf(name, file, problems)) found.push({ setting: `${name}_FILE`, secret });
  }
  if (previous !== undefined) {
    if (inline === undefined && file === undefined) {
      const fix = `Set ${name} to the current one; _PREVIOUS is for the one being retired.`;
      problems.push({ setting: `${name}_PREVIOUS`, wrong: `is set without ${name}`, fix });
    }
    found.push({ setting: `${name}_PREVIOUS`, secret: previous });
  }
  const live = found.filter(({ setting, secret }) => {
    const problem = problemWith(setting, secret, isPublic);
    if (problem) problems.push(problem);
    else warnings.push(...doubtsAbout(setting, secret, isPublic));
    if (!problem && production && !isPublic && secret.length < LEAST) {
      const fix = `Take a new one (\`openssl rand -hex 32\`): production asks for ${LEAST} at least.`;
      problems.push({ setting, wrong: `has ${secret.length} characters, which can be guessed`, fix });
    }
    return !problem;
  });
  return {
    live: [...new Set(live.map(({ secret }) => secret))],
    set: found.length > 0 || file !== undefined,
  };
}

function linesOf(name: string, path: string, problems: Problem[]): string[] {
  const text = readFileOf(`${name}_FILE`, path, problems);
  return text === undefined ? [] : secretsInFile(text);
}

/** The secrets in the text of a file, unchecked. */
export function secretsInFile(text: string): string[] {
  // One newline at the very end belongs to the file, not to the secret; editors and `echo` put it there.
  return onOneLine(text.replace(/\r?\n$/, '')).split(/\r?\n/);
}

const BREAKS = /\s|\\n/g;
const PEM = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]|\\n)*?-----END \1-----/g;

/** Variables hold line breaks as such or as \n. */
function onOneLine<Text extends string | undefined>(text: Text): Text | string {
  if (text?.startsWith('{')) return jsonOnOneLine(text);
  const blocks = text?.replace(PEM, (block) => {
    const [, begin = '', inner = '', end = ''] = /^(-+[A-Z ]+-+)(.*?)(-+[A-Z ]+-+)$/s.exec(block) ?? [];
    return `${begin}${inner.replace(BREAKS, '')}${end}`;
  });
  return blocks?.replace(/(-----END [A-Z ]+-----)(\s|\\n)+$/, '$1') ?? text;
}

function jsonOnOneLine(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function problemWith(setting: string, secret: string, isPublic: boolean): Problem | undefined {
  const what = isPublic
    ? 'the provider’s public key there'
    : 'the real one there (`openssl rand -hex 32` makes one)';
  const real = `Put ${what}, or unset the variable.`;
  if (secret.trim() === '') return { setting, wrong: 'is empty or blank', fix: real };
  if (isQuoted(secret)) return { setting, ...IN_QUOTES };
  if (secret.trim() !== secret || /[^\S ]|\uFEFF/.test(secret)) {
    const where = secret.trim() === secret ? 'other than blanks inside' : 'at its beginning or end';
    const fix = 'Take it out; a copied line break is the usual cause.';
    return { setting, wrong: `has white space ${where}`, fix };
  }
  if (UNSEEN.test(secret)) {
    const fix = 'Take them out; a file that is not saved as UTF-8 is the usual cause.';
    return { setting, wrong: 'has characters that cannot be seen', fix };
  }
  if (isPlaceholder(secret)) return { setting, wrong: 'is a placeholder, not a secret', fix: real };
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(secret)) {
    const fix = 'Put the public key there that belongs to it; nobody but the provider needs the private one.';
    return { setting, wrong: 'is a private key', fix };
  }
  return undefined;
}

function doubtsAbout(setting: string, secret: string, isPublic: boolean): Problem[] {
  const doubts: Problem[] = [];
  if (!isPublic && secret.length < SHORT_BELOW) {
    const fix = `${SHORT_BELOW} random ones or more are harder to guess.`;
    doubts.push({ setting, wrong: `has ${secret.length} characters`, fix });
  }
  if (secret.replace(/^-----BEGIN .*-----END .*-----$/, '').includes(' ')) {
    const fix = 'If the provider did not give it to you so, take it out.';
    doubts.push({ setting, wrong: 'has a blank inside', fix });
  }
  if (/^['"]|['"]$/.test(secret)) {
    const fix = 'If the provider did not give it to you so, put the whole one there.';
    doubts.push({ setting, wrong: 'has a quote at one end', fix });
  }
  return doubts;
}
