/**
 * The inbox thread's ends of its ports to the handlers' threads, and what is out in which of them. Most of the time there is one
 * thread for all handlers; one that brought it down gets a thread of its own (deliver/dispatch/supervisor.ts).
 *
 * What a thread still had to say when it ended is heard; afterwards nothing of it is listened to. Used by both drivers.
 */
import type { MessagePort } from 'node:worker_threads';
import type { AttemptKey, Delivery } from './contract.ts';
import { hearNow, type Packed, pack, type WorkRequest } from './messages.ts';
import type { Ending } from './retry.ts';

/** A thread that events can be handed to, beside others. Of each handler the thread that was named last gets them. */
export interface ThreadShare {
  readonly thread: number;
  readonly handlers: readonly string[];
}

interface ThreadPort {
  /** Undefined once the thread has ended. */
  port: MessagePort | undefined;
  /** How many deliveries it has been given. */
  sent: number;
  /** By `event handler`, each with its place among all that it has been given. */
  readonly out: Map<string, AttemptKey & { readonly place: number }>;
}

/** Stands for all handlers in place of a share: a single thread that replaces every other. */
const FOR_ALL = 0;

export class HandlerPorts {
  readonly #hear: (request: WorkRequest) => void;
  readonly #threads = new Map<number, ThreadPort>();
  readonly #threadOf = new Map<string, number>();
  /** For handlers whose thread has ended, until they have another. */
  #held: Delivery[] = [];

  constructor(hear: (request: WorkRequest) => void) {
    this.#hear = hear;
  }

  connect(port: MessagePort, share?: ThreadShare): void {
    if (!share) this.closeAll();
    const thread: ThreadPort = { port, sent: 0, out: new Map() };
    this.#threads.set(share?.thread ?? FOR_ALL, thread);
    port.on('message', (request: WorkRequest) => this.#take(thread, request));
    if (share) this.assign(share);
  }

  assign({ thread, handlers }: ThreadShare): void {
    for (const handler of handlers) this.#threadOf.set(handler, thread);
    this.send(this.#held.splice(0));
  }

  /** What has been sent, even if its message has not come up yet. */
  hearTheRest(): void {
    for (const thread of this.#threads.values()) this.#hearRestOf(thread);
  }

  /** What has been handed to the thread, and not been settled. If it has ended, it is given nothing more. */
  attemptsOut(thread: number, hasEnded: boolean): AttemptKey[] {
    const found = this.#threads.get(thread);
    if (!found) return [];
    this.#hearRestOf(found);
    if (hasEnded) {
      found.port?.close();
      found.port = undefined;
    }
    return [...found.out.values()];
  }

  /** What has ended with it: what was out in one thread, or came to it last; undefined if it is everything. */
  end({ thread, begun }: Pick<Ending, 'thread' | 'begun'>): AttemptKey[] | undefined {
    if (thread === undefined) {
      for (const id of this.#threads.keys()) if (id !== FOR_ALL) this.#close(id);
      this.#threads.get(FOR_ALL)?.out.clear();
      this.#threadOf.clear();
      this.#held = [];
      return undefined;
    }
    const found = this.#threads.get(thread);
    if (begun === undefined) {
      const left = this.attemptsOut(thread, true);
      this.#threads.delete(thread);
      return left;
    }
    const last = [...(found?.out ?? [])].filter(([, { place }]) => place > begun);
    for (const [key] of last) found?.out.delete(key);
    return last.map(([, attempt]) => attempt);
  }

  send(deliveries: readonly Delivery[]): void {
    for (const [thread, ofThread] of Map.groupBy(deliveries, ({ handler }) => this.#ofHandler(handler))) {
      if (!thread?.port) {
        this.#held.push(...ofThread);
        continue;
      }
      for (const { event, batch, handler, attempt } of ofThread)
        thread.out.set(`${event} ${handler}`, {
          ...{ event, handler, attempt, place: ++thread.sent },
          ...(batch != null && { batch }),
        });
      const packed: Packed<Delivery> = pack(ofThread);
      thread.port.postMessage(packed, [packed.bytes]);
    }
  }

  closeAll(): void {
    for (const thread of this.#threads.keys()) this.#close(thread);
    this.#threadOf.clear();
  }

  #close(thread: number): void {
    this.#threads.get(thread)?.port?.close();
    this.#threads.delete(thread);
  }

  #ofHandler(handler: string): ThreadPort | undefined {
    return this.#threads.get(this.#threadOf.get(handler) ?? FOR_ALL);
  }

  #hearRestOf(thread: ThreadPort): void {
    if (thread.port) hearNow(thread.port, (request: WorkRequest) => this.#take(thread, request));
  }

  #take(thread: ThreadPort, request: WorkRequest): void {
    for (const { event, handler, attempt } of request.settled) {
      const key = `${event} ${handler}`;
      if (thread.out.get(key)?.attempt === attempt) thread.out.delete(key);
    }
    this.#hear(request);
  }
}
