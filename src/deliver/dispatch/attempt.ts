/**
 * One run of one handler on one event, and what follows from how it ended. Called by the dispatcher, in the handlers' thread.
 *
 * It ends when the handler does, at its time limit, or when something the handler started throws with nobody to catch
 * it: whatever runs on behalf of an attempt carries it along, so a late error finds its owner.
 *
 *   returned             done
 *   threw Discard        discarded, never again
 *   threw RetryLater     pending, due later, not counted
 *   threw Unavailable    with a time: pending, due then, not counted; without: as anything else
 *   threw Declined       pending after a backoff; dead once its own maxAttempts are counted, or the handler's
 *   anything else        pending after a backoff; dead once maxAttempts are counted
 *
 * Of one whose thread or process ended under it, inbox/retry.ts decides.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { wordsOf } from '../../base/errors.ts';
import { dataOfForm, isFormType } from '../../base/form-text.ts';
import { jsonStartOf } from '../../base/json-text.ts';
import type { Log } from '../../base/log/log.ts';
import { redactText } from '../../base/log/redact.ts';
import { DAY_MS } from '../../base/times.ts';
import { type Delivery, type Settlement, sourceOf } from '../../inbox/contract.ts';
import { idOf } from '../../inbox/event-id.ts';
import { afterFailure, type Backoff } from '../../inbox/retry.ts';
import type { WebhookEvent } from '../../verify/event.ts';
import {
  type AttemptResult,
  Declined,
  Discard,
  type HandlerContext,
  RetryLater,
  Unavailable,
} from '../handler.ts';

export interface Attempt {
  readonly handler: string;
  readonly eventId: string;
  readonly result: AttemptResult;
  /** Ends the attempt with this error, unless it has ended. Answers whether it had not. */
  fail(error: unknown): boolean;
  abort(reason: Error): void;
}

/** What all attempts of a service have in common. */
export type Surroundings = Pick<HandlerContext, 'log' | 'development'>;

/** Name of the error that ends an attempt at its time limit. */
export const TIME_LIMIT = 'TimeLimit';

const LATER_MAX_MS = 30 * DAY_MS;
const ERROR_MAX = 1_000;

const current = new AsyncLocalStorage<Attempt>();

/** The attempt on whose behalf the code that is running now was started. */
export function currentAttempt(): Attempt | undefined {
  return current.getStore();
}

/**
 * Starts the attempt; `ended` resolves with what the function returned and rejects with what it threw, or the time limit.
 * The function is a handler, or the `reply` of a source.
 */
export function startAttempt(
  event: WebhookEvent,
  handler: string,
  run: (event: WebhookEvent, context: HandlerContext) => unknown,
  timeLimitMs: number,
  { log, development }: Surroundings,
) {
  const { promise: ended, resolve, reject } = Promise.withResolvers<unknown>();
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  let open = true;
  let result: AttemptResult = {};
  const end = (settle: () => void) => {
    const wasOpen = open;
    open = false;
    clearTimeout(timer);
    if (wasOpen) settle();
    return wasOpen;
  };
  const attempt: Attempt = {
    handler,
    eventId: event.id,
    get result() {
      return result;
    },
    fail: (error) => end(() => reject(error)),
    abort: (reason) => {
      aborted ??= reason;
      controller?.abort(aborted);
    },
  };
  const context: HandlerContext = {
    // What a handler logs says whose it is.
    log: logTo((level, more, message) => log[level]({ handler, eventId: event.id, ...more }, message)),
    development,
    record: (more) => {
      // What a handler says after its end is about nothing any more.
      if (open) result = { ...result, ...more };
    },
    // Made when it is first asked for: most handlers never do.
    get signal() {
      controller ??= new AbortController();
      if (aborted) controller.abort(aborted);
      return controller.signal;
    },
  };
  const timer = setTimeout(() => {
    const error = new Error(`it took longer than ${timeLimitMs} ms`);
    error.name = TIME_LIMIT;
    attempt.abort(error);
    attempt.fail(error);
  }, timeLimitMs);
  current.run(attempt, async () => {
    try {
      const value = await run(event, context);
      end(() => resolve(value));
    } catch (error) {
      attempt.fail(error);
    }
  });
  return { attempt, ended };
}

export function logTo(write: (level: keyof Log, fields: object, message?: string) => void): Log {
  const at = (level: keyof Log) => (fields: object, message?: string) => write(level, fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export type AttemptVerdict = Pick<Settlement, 'state' | 'due' | 'counted' | 'error'>;

export const DONE: AttemptVerdict = { state: 'done', due: 0, counted: true, error: null };

export function judgeAttempt(
  error: unknown,
  attempt: number,
  maxAttempts: number,
  backoff: Backoff,
  now: number,
): AttemptVerdict {
  const text = redactText(wordsOf(error), ERROR_MAX);
  if (error instanceof Discard) return { state: 'discarded', due: 0, counted: true, error: text };
  const laterMs = laterOf(error);
  if (laterMs !== undefined) {
    // An uncounted attempt without a pause would be one without an end.
    const pauseMs = Math.min(Math.max(laterMs, backoff.baseMs), LATER_MAX_MS);
    return { state: 'pending', due: now + pauseMs, counted: false, error: text };
  }
  const attemptsMax = error instanceof Declined ? Math.min(maxAttempts, error.maxAttempts) : maxAttempts;
  return { ...afterFailure(attempt, attemptsMax, backoff, now), error: text };
}

/** The handler's own word on its attempt, or the time limit: where it was thrown says nothing that its words do not. */
export function isVerdict(error: unknown): boolean {
  const isWord = [Discard, RetryLater, Declined, Unavailable].some((kind) => error instanceof kind);
  return isWord || (error instanceof Error && error.name === TIME_LIMIT);
}

function laterOf(error: unknown): number | undefined {
  if (error instanceof RetryLater) return error.delayMs;
  return error instanceof Unavailable ? error.restMs : undefined;
}

/** A delivery as its handler sees it. Headers and body are parsed when they are first asked for. */
export function eventOf(delivery: Delivery): WebhookEvent {
  let headers: Record<string, string> | undefined;
  let parsed: unknown;
  let isParsed = false;
  return {
    id: delivery.id,
    source: sourceOf(delivery.handler),
    type: delivery.type,
    externalId: delivery.externalId,
    receivedAt: new Date(delivery.receivedAt),
    body: delivery.body,
    attempt: delivery.attempt,
    ...(delivery.batch != null && { batch: idOf(delivery.batch) }),
    get headers() {
      headers ??= JSON.parse(delivery.headers) as Record<string, string>;
      return headers;
    },
    get data() {
      if (!isParsed) parsed = parsePayload(delivery.body, this.headers['content-type']);
      isParsed = true;
      return parsed;
    },
  };
}

function parsePayload(body: Buffer, contentType: string | undefined): unknown {
  try {
    return JSON.parse(body.toString('utf8', jsonStartOf(body)));
  } catch {
    return isFormType(contentType) ? dataOfForm(body)?.data : undefined;
  }
}
