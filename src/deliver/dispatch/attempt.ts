/**
 * One run of one handler on one event. Called by the dispatcher, in the handlers' thread.
 *
 * It ends when the handler does, at its time limit, or when something the handler started throws with nobody to catch
 * it: whatever runs on behalf of an attempt carries it along, so a late error finds its owner.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '../../base/log/log.ts';
import { type Delivery, sourceOf } from '../../inbox/contract.ts';
import type { WebhookEvent } from '../../verify/event.ts';
import type { AttemptResult, HandlerContext } from '../handler.ts';

export interface Attempt {
  readonly handler: string;
  readonly eventId: string;
  /** What the handler has recorded of it so far. */
  readonly result: AttemptResult;
  /** Ends the attempt with this error, unless it has ended. Answers whether it had not. */
  fail(error: unknown): boolean;
  abort(reason: Error): void;
}

/** Name of the error that ends an attempt at its time limit. */
export const TIME_LIMIT = 'TimeLimit';

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
  log: Log,
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
    log: withFields(log, { handler, eventId: event.id }),
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

/** What a handler logs says whose it is. */
function withFields(log: Log, fields: object): Log {
  const at = (level: keyof Log) => (more: object, message?: string) =>
    log[level]({ ...fields, ...more }, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
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
    get headers() {
      headers ??= JSON.parse(delivery.headers) as Record<string, string>;
      return headers;
    },
    get data() {
      if (!isParsed) parsed = parsePayload(delivery.body);
      isParsed = true;
      return parsed;
    },
  };
}

function parsePayload(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
