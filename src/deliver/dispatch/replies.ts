/**
 * The edge's side of `reply` functions: asks the handlers' thread and waits, but no longer than the provider does.
 *
 * Always resolves: whatever becomes of the thread or the function, the event is on disk and the provider gets its 200.
 */
import type { Delivery } from '../../inbox/contract.ts';
import { LATE, type ReplyAnswer } from './reply.ts';

export interface ReplyRequest {
  readonly id: number;
  /** `handler` is `<source>/reply`. */
  readonly delivery: Omit<Delivery, 'body'>;
  readonly until: number;
  readonly body: ArrayBuffer;
}

/** Answers are waited for by so many requests at most; beyond, a slow function would only pile up more. */
const WAITING_MAX = 256;

export class Replies {
  readonly #waiting = new Map<number, (answer: ReplyAnswer) => void>();
  #last = 0;

  /** `post` hands the request to the handlers' thread, if there is one. */
  ask(delivery: Delivery, withinMs: number, post: (request: ReplyRequest) => boolean): Promise<ReplyAnswer> {
    if (this.#waiting.size >= WAITING_MAX) return failed('too many replies are being waited for');
    const id = ++this.#last;
    const { body, ...rest } = delivery;
    // A copy of its own: a view would take all of its memory along.
    const bytes = new Uint8Array(body).buffer;
    const until = Date.now() + withinMs;
    if (!post({ id, delivery: rest, until, body: bytes }))
      return failed('the handlers’ thread is not running');
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.hear(id, LATE), withinMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  hear(id: number, answer: ReplyAnswer): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(answer);
  }

  /** The thread has ended: nobody answers any more. */
  abandon(reason: string): void {
    for (const id of [...this.#waiting.keys()]) this.hear(id, { outcome: 'failed', reason });
  }
}

function failed(reason: string): Promise<ReplyAnswer> {
  return Promise.resolve({ outcome: 'failed', reason });
}
