/**
 * The edge's side of `reply` functions: asks the handlers' thread and waits, but no longer than the provider does.
 *
 * Always resolves: whatever becomes of the thread or the function, the event is on disk and the provider gets its 200.
 */
import { DeadlineError, type ThreadCalls } from '../../base/thread-calls.ts';
import type { Delivery } from '../../inbox/contract.ts';
import { LATE, type ReplyResult } from './reply.ts';
import type { HandlersCalls } from './thread.ts';

/** Answers are waited for by so many requests at most; beyond, a slow function would only pile up more. */
const WAITING_MAX = 256;

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

function failed(reason: string): ReplyResult {
  return { outcome: 'failed', reason };
}
