/**
 * A source's `reply` function answers for an event that is on disk. The edge asks through `Replies` and waits no longer than
 * the provider does; the handlers' thread runs the function.
 *
 * The function sees the event as a handler does, and what it returns becomes JSON. If it throws, or returns too late or too
 * large, or its thread is not there, that is said instead, and the provider gets Consignee's own 200. `ask` never rejects.
 */
import { wordsOf } from '../../base/errors.ts';
import type { Log } from '../../base/log/log.ts';
import { redactText } from '../../base/log/redact.ts';
import { DeadlineError, type ThreadCalls } from '../../base/thread-calls.ts';
import type { Delivery } from '../../inbox/contract.ts';
import type { WebhookEvent } from '../../verify/event.ts';
import type { Reply } from '../handler.ts';
import { startAttempt, TIME_LIMIT } from './attempt.ts';
import type { HandlersCalls } from './thread.ts';

export type ReplyResult =
  | { readonly outcome: 'answered'; readonly json: string }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'failed' | 'late'; readonly reason: string };

const JSON_MAX = 1_048_576;
const REASON_MAX = 500;
/** Answers are waited for by so many requests at most; beyond, a slow function would only pile up more. */
const WAITING_MAX = 256;
const LATE: ReplyResult = { outcome: 'late', reason: 'the reply function took too long' };

export class Replies {
  #waiting = 0;

  /** `handlers`: the handlers' thread, if it runs. `handler` of the delivery is `<source>/reply`. */
  async ask(
    handlers: ThreadCalls<HandlersCalls> | undefined,
    delivery: Delivery,
    withinMs: number,
  ): Promise<ReplyResult> {
    if (this.#waiting >= WAITING_MAX) return failed('too many replies are being waited for');
    if (!handlers) return failed('the handlers’ thread is not running');
    this.#waiting++;
    try {
      return await handlers.askWithin(withinMs, 'reply', delivery, Date.now() + withinMs);
    } catch (error) {
      return error instanceof DeadlineError ? LATE : failed((error as Error).message);
    } finally {
      this.#waiting--;
    }
  }
}

/** `until`: when nobody waits any more, in milliseconds since 1970; both threads read one clock. */
export async function runReply(
  reply: Reply,
  event: WebhookEvent,
  until: number,
  log: Log,
): Promise<ReplyResult> {
  const remainingMs = until - Date.now();
  // It waited behind something that kept the thread busy.
  if (remainingMs <= 0) return LATE;
  const { ended } = startAttempt(event, `${event.source}/reply`, reply, remainingMs, log);
  try {
    const json = JSON.stringify(await ended);
    if (json === undefined) return { outcome: 'none' };
    if (json.length <= JSON_MAX) return { outcome: 'answered', json };
    return failed(`the reply has ${json.length} characters; ${JSON_MAX} is the most`);
  } catch (error) {
    if (error instanceof Error && error.name === TIME_LIMIT) return LATE;
    return failed(redactText(wordsOf(error), REASON_MAX));
  }
}

function failed(reason: string): ReplyResult {
  return { outcome: 'failed', reason };
}
