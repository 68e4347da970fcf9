/**
 * A client of one of Google's libraries: the options that the handlers have in common, and how the client is made, once, when
 * the first event comes. The libraries are optional, large packages. One that is missing is a problem at boot nevertheless:
 * looking for it loads nothing.
 */
import { createRequire } from 'node:module';
import type { Problem } from '../../../base/errors.ts';
import { integer, type RulesFor, text } from '../../../base/settings/rules.ts';
import { wiringProblem } from '../options.ts';

export interface GoogleOptions {
  /** Path of a key file; without it the library looks for Application Default Credentials. */
  readonly keyFile?: string | undefined;
  readonly projectId?: string | undefined;
  /** An emulator, which is not shown any credentials, or a private endpoint under googleapis.com, which is. */
  readonly apiEndpoint?: string | undefined;
  /** For all that an attempt asks of Google. */
  readonly timeoutMs?: number | undefined;
}

const GOOGLES_OWN = /^(https?:\/\/)?([^/]+\.)?googleapis\.com(:\d+)?(\/|$)/i;
/** Answers with the place of a package, and throws if there is none. */
const findHere: (name: string) => string = createRequire(import.meta.url).resolve;
const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$/;

/** A key may have been pasted where its path belongs, and a URL may have a password in it: neither is repeated. */
export const GOOGLE_RULES = {
  keyFile: text((path) => path !== '', "Write the path of a key file: keyFile: '/run/secrets/google.json'.", {
    wrong: 'is not a path',
  }),
  projectId: text((id) => PROJECT.test(id), "Write the project's id, not its name or number."),
  apiEndpoint: text(isPlainUrl, "Write its URL: apiEndpoint: 'http://localhost:9050'.", {
    wrong: 'is not an http:// or https:// URL without user, query and fragment',
  }),
  timeoutMs: integer(1, 600_000),
} satisfies RulesFor<GoogleOptions>;

/** Opens when it is first asked to, and again after a failure only. */
export function opener<Connection>(open: () => Promise<Connection>): () => Promise<Connection> {
  let opened: Promise<Connection> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

export function clientOptions({ keyFile, projectId, apiEndpoint }: GoogleOptions) {
  return {
    // Retries are the inbox's, where `events show` tells of each.
    retryOptions: { autoRetry: false },
    ...(keyFile !== undefined && { keyFilename: keyFile }),
    ...(projectId !== undefined && { projectId }),
    ...(apiEndpoint !== undefined && { apiEndpoint }),
  };
}

/** Emulators know no accounts, and must not be shown any. `emulator`: what the library's own variable says. */
export function usesAccounts({ keyFile, apiEndpoint }: GoogleOptions, emulator: string | undefined): boolean {
  const endpoint = apiEndpoint ?? emulator;
  return endpoint === undefined || keyFile !== undefined || GOOGLES_OWN.test(endpoint);
}

export function packageProblems(kind: string, name: string, find = findHere): Problem[] {
  try {
    find(name);
    return [];
  } catch {
    return [wiringProblem(`${kind} needs the package ${name}`, `Run npm install ${name}.`)];
  }
}

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
