/**
 * What Google says when it does not take something, and what that means for the event.
 *
 *   with Retry-After                  Unavailable: the target rests that long, uncounted
 *   any other status, or no answer    Unavailable: what is wrong with the account, the settings or the service is not the
 *                                     event's fault, so events wait
 *
 * What is about a single event (too large, a row that is refused) the handlers find out themselves.
 */
import { type AttemptResult, Unavailable } from '../../handler.ts';
import { pauseAskedFor } from '../retry-after.ts';

export interface GoogleAnswer {
  /** Undefined if there was none. */
  readonly status: number | undefined;
  readonly message: string;
  /** Google's words for programs, as in `rateLimitExceeded`. */
  readonly reasons: readonly string[];
  readonly restMs: number | undefined;
}

/** What the user should look at, by status. */
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

const MESSAGE_MAX = 500;
const NO_QUOTA = /quota|rateLimit/i;
/** How the libraries begin a message that is a list. */
const PREAMBLE = /^Multiple errors occurred during the request\.[^\n]*/;

export function answerOf(thrown: unknown): GoogleAnswer {
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
