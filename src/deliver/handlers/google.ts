/**
 * What the handlers for Google have in common: their options, the client of a library, which is made once, when the first event
 * comes, an end for what is asked of it, and what an answer that refuses means for the event:
 *
 *   with Retry-After                  Unavailable: the target rests that long, uncounted
 *   any other status, or no answer    Unavailable: what is wrong with the account, the settings or the service is not the
 *                                     event's fault, so events wait
 *
 * What is about a single event (too large, a row that is refused) the handlers find out themselves. The libraries are optional,
 * large packages. One that is missing is a problem at boot nevertheless: looking for it loads nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { createRequire } from 'node:module';
import type { Problem } from '../../base/errors.ts';
import { integer, type RulesFor, text, withDefault } from '../../base/settings/rules.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { type AttemptResult, Unavailable } from '../handler.ts';
import { wiringProblem } from './options.ts';
import { pauseAskedFor } from './retry-after.ts';

/** How Google is reached, and as whom. */
export interface GoogleOptions {
  /** Path of a key file; without it the library looks for Application Default Credentials. */
  readonly keyFile?: string | undefined;
  /** That of the credentials if left out. */
  readonly projectId?: string | undefined;
  /** An emulator, which is not shown any credentials, or a private endpoint under googleapis.com, which is. */
  readonly apiEndpoint?: string | undefined;
  /** For all that an attempt asks of Google. */
  readonly timeoutMs?: number | undefined;
}

export type GoogleAnswer = ReturnType<typeof answerOf>;

export type HintByStatus = Readonly<Record<number, string>>;

/** The errors of the libraries, as far as they are alike. */
interface LibraryError {
  readonly message?: string;
  readonly name?: string;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly errors?: readonly { readonly message?: string; readonly reason?: string }[];
  readonly response?: { readonly statusCode?: unknown; readonly headers?: Readonly<Record<string, string>> };
}

/** Loading the package counts towards the time limit, but not towards the timeout. */
export const SLACK_MS = 5_000;
const GOOGLES_OWN = /^(https?:\/\/)?([^/]+\.)?googleapis\.com(:\d+)?(\/|$)/i;
const findHere: (name: string) => string = createRequire(import.meta.url).resolve;
const ends = new AsyncLocalStorage<AbortSignal>();
let isSubscribed = false;
const MESSAGE_MAX = 500;
const NO_QUOTA = /quota|rateLimit/i;
/** How the libraries begin a message that is a list. */
const PREAMBLE = /^Multiple errors occurred during the request\.[^\n]*/;
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
  timeoutMs: withDefault(integer(1, 10 * MINUTE_MS), 20_000),
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

/** Aborts in `timeoutMs`, or when one of the signals does. */
export function endIn(timeoutMs: number, ...signals: readonly AbortSignal[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), ...signals]);
}

/**
 * What `work` comes to, unless the signal aborts first: then rejects with its reason. Google's libraries pass their `timeout` to
 * node-fetch 3, which knows none, and take no signal: a server that never answers would be awaited forever, and its connection
 * kept. So the waiting ends here, and the requests that were begun meanwhile are ended with it: Node tells of each request in a
 * diagnostics channel, in the asynchronous context of whoever began it.
 */
export async function withinDeadline<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!isSubscribed) subscribe('http.client.request.start', endWithItsWork);
  isSubscribed = true;
  signal.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([ends.run(signal, work), ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function endWithItsWork(message: unknown): void {
  const signal = ends.getStore();
  if (!signal) return;
  const { request } = message as { request: ClientRequest };
  const end = () => request.destroy();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}

/** No `status`: there was no answer. `reasons`: Google's words for programs, as in `rateLimitExceeded`. */
export function answerOf(thrown: unknown) {
  const { message = '', name, code, status, errors, response } = (thrown ?? {}) as LibraryError;
  const list = Array.isArray(errors) ? errors : [];
  const told = new Set(list.flatMap((error) => error?.message ?? []));
  const words = told.size > 0 ? [...told].join('; ') : String(message).replace(PREAMBLE, '');
  const isLate = name === 'TimeoutError';
  return {
    status: [code, status, response?.statusCode].find(isRefusal),
    message: isLate ? 'it took too long' : words.replace(/\s+/g, ' ').trim().slice(0, MESSAGE_MAX),
    reasons: list.flatMap((error) => error?.reason ?? []),
    restMs: pauseAskedFor(response?.headers?.['retry-after'], Date.now()),
  };
}

export function unavailable(answer: GoogleAnswer, hints: HintByStatus): Unavailable {
  const { status, message, reasons, restMs } = answer;
  if (status === undefined) return new Unavailable(`no answer from Google: ${message}`);
  const hint = reasons.some((reason) => NO_QUOTA.test(reason)) ? undefined : hints[status];
  return new Unavailable(withHint(`Google answered ${status}: ${message}`, hint), restMs);
}

export function withHint(said: string, hint: string | undefined): string {
  return hint === undefined ? said : `${said.replace(/\.$/, '')}. ${hint}`;
}

export function resultOf({ status, message }: GoogleAnswer): AttemptResult {
  return { status: status ?? 'no answer', output: message };
}

/** A success whose answer could not be read is no answer. */
function isRefusal(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 300 && (status as number) <= 599;
}

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
