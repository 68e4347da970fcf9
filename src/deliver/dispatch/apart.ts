/**
 * Handlers that run in a thread of their own, because they brought one down that they shared, or kept it busy. Kept for the
 * supervisor, in the memory of the process: after a restart every handler has the benefit of the doubt again.
 *
 * A handler goes back once it has been well for as long as `handlerApartMs` says, and none of its suspects is still to run; those that
 * never do (discarded by hand, say) are forgotten after the longest pause between two attempts.
 */
import type { AttemptKey } from '../../inbox/contract.ts';
import type { DeliveryKnobs } from '../handlers.ts';
import type { HandlersThread } from './handlers-thread.ts';

/** What is told of a handler that runs apart; `since` in milliseconds since 1970. */
export interface QuarantinedHandler {
  readonly handler: string;
  readonly since: number;
  readonly reason: string;
}

interface ApartHandler {
  readonly since: number;
  reason: string;
  thread: HandlersThread | undefined;
  /** Steady clock; Infinity until its thread has begun. */
  struckAt: number;
  /** How often its own thread has ended under it since a suspect has come to its end. */
  strikes: number;
  readonly suspects: Set<number>;
}

/** So many threads at most; whoever comes later stays with the others, and may bring them down again. */
const APART_MAX = 16;
const DELAY_MS = 1_000;
const DELAY_MAX_MS = 16_000;

export class ApartHandlers {
  readonly #knobs: DeliveryKnobs;
  readonly #handlers = new Map<string, ApartHandler>();

  constructor(knobs: DeliveryKnobs) {
    this.#knobs = knobs;
  }

  has(handler: string): boolean {
    return this.#handlers.has(handler);
  }

  list(): QuarantinedHandler[] {
    return [...this.#handlers].map(([handler, { since, reason }]) => ({ handler, since, reason }));
  }

  names(): string[] {
    return [...this.#handlers.keys()];
  }

  threadOf(handler: string): HandlersThread | undefined {
    return this.#handlers.get(handler)?.thread;
  }

  /** From here on it may show that it is well. */
  setThread(handler: string, thread: HandlersThread): void {
    const found = this.#handlers.get(handler);
    if (!found) return;
    found.thread = thread;
    void thread.begun.then(() => {
      found.struckAt = performance.now();
    });
    found.struckAt = Number.POSITIVE_INFINITY;
  }

  handlerOf(thread: HandlersThread): string | undefined {
    return this.names().find((handler) => this.threadOf(handler) === thread);
  }

  /** Answers with the handlers that are apart only now. */
  add(handlers: Iterable<string>, reason: string): string[] {
    const added: string[] = [];
    for (const handler of new Set(handlers)) {
      const known = this.#handlers.get(handler);
      if (known) {
        known.struckAt = Math.max(known.struckAt, performance.now());
        known.reason = reason;
      } else if (this.#handlers.size < APART_MAX) {
        const now = { since: Date.now(), struckAt: performance.now() };
        this.#handlers.set(handler, { ...now, reason, thread: undefined, strikes: 0, suspects: new Set() });
        added.push(handler);
      }
    }
    return added;
  }

  remove(handler: string): void {
    this.#handlers.delete(handler);
  }

  suspect(attempts: readonly Pick<AttemptKey, 'event' | 'handler'>[]): void {
    for (const { handler, event } of attempts) this.#handlers.get(handler)?.suspects.add(event);
  }

  clear(handler: string, event: number): void {
    const found = this.#handlers.get(handler);
    if (!found) return;
    found.suspects.delete(event);
    found.strikes = 0;
  }

  suspectsOf(handler: string): number[] {
    return [...(this.#handlers.get(handler)?.suspects ?? [])];
  }

  /** How long to wait before the next thread: one that ends each time must not keep a core busy with starting it. */
  strikeDelayMs(handler: string): number {
    const found = this.#handlers.get(handler);
    if (!found) return DELAY_MS;
    return Math.min(DELAY_MAX_MS, DELAY_MS * 2 ** found.strikes++);
  }

  /** Who has been well for long enough. */
  recovered(): string[] {
    const { handlerApartMs, backoff } = this.#knobs;
    return this.names().filter((name) => {
      const { struckAt, suspects, thread } = this.#handlers.get(name) as ApartHandler;
      const wellMs = performance.now() - struckAt;
      const waitMs = suspects.size === 0 ? handlerApartMs : handlerApartMs + backoff.capMs;
      return thread?.isMoving === true && wellMs >= waitMs;
    });
  }
}
