/**
 * The threads in which handlers and `reply` functions run: which there are, and what each is made for. Started for the supervisor,
 * which decides when.
 */
import type { Log, Output } from '../../base/log/log.ts';
import { type AttemptKey, type Delivery, type Inbox, sourceOf } from '../../inbox/contract.ts';
import type { SourceWiring } from '../handler.ts';
import { sourceNameOf, type WiredHandler, wiredHandlers } from '../handlers.ts';
import { ApartHandlers } from './apart.ts';
import { HandlersThread, type ThreadPlan, type ThreadWatch } from './handlers-thread.ts';
import { failedReply, type ReplyResult } from './reply.ts';
import type { AttemptCounts, HandlersThreadData } from './thread.ts';

export interface SupervisorOptions extends Pick<HandlersThreadData, 'wiring' | 'knobs' | 'logOptions'> {
  /** Otherwise only `reply` functions run here. */
  readonly dispatches: boolean;
  readonly inbox: Inbox;
  readonly sources: readonly SourceWiring[];
  readonly log: Log;
  /** Where the lines of the handlers' threads go. */
  readonly output: Output;
  readonly onAttempts: (...counts: AttemptCounts) => void;
}

export class Threads {
  readonly apart: ApartHandlers;
  readonly longestMs: number;
  readonly #options: SupervisorOptions;
  readonly #watch: Pick<ThreadWatch, 'onStill' | 'onEnd'>;
  readonly #handlers: ReadonlyMap<string, WiredHandler>;
  /** All that live, those included that get nothing more. */
  readonly #living = new Set<HandlersThread>();
  readonly #replies = new Map<string, HandlersThread>();
  #common: HandlersThread | undefined;
  #hasGranted = false;
  #lastId = 0;
  #environment = '';

  constructor(options: SupervisorOptions, watch: Pick<ThreadWatch, 'onStill' | 'onEnd'>) {
    this.#options = options;
    this.#watch = watch;
    this.#handlers = wiredHandlers(options.sources, options.knobs);
    this.longestMs = Math.max(0, ...this.#handlers.values().map(({ timeLimitMs }) => timeLimitMs));
    this.apart = new ApartHandlers(options.knobs);
  }

  get living(): readonly HandlersThread[] {
    return [...this.#living];
  }

  /** The one that handlers share, if it lives. */
  get common(): HandlersThread | undefined {
    return this.#common && this.#living.has(this.#common) ? this.#common : undefined;
  }

  isCommon(thread: HandlersThread): boolean {
    return thread === this.#common;
  }

  /** The source whose `reply` function runs in it. */
  sourceOfReplies(thread: HandlersThread): SourceWiring | undefined {
    return this.#options.sources.find((source) => this.#replies.get(sourceNameOf(source)) === thread);
  }

  forget(thread: HandlersThread): void {
    this.#living.delete(thread);
  }

  /** All of them have ended, and the slots that were granted with them. */
  forgetAll(): void {
    this.#living.clear();
    this.#hasGranted = false;
  }

  /** They get threads of their own, unless they have. */
  setApart(suspects: readonly Pick<AttemptKey, 'handler'>[], reason: string): void {
    const added = this.apart.add(
      suspects.map(({ handler }) => handler),
      reason,
    );
    for (const handler of added) {
      this.#options.log.error({ handler, reason }, 'the handler has a thread of its own from now on');
      this.startApart(handler);
    }
  }

  /** Beside what nothing may run in their own threads. */
  async tellSuspects(handlers: readonly string[]): Promise<void> {
    for (const handler of new Set(handlers)) {
      const thread = this.apart.threadOf(handler);
      await thread?.suspect(handler, this.apart.suspectsOf(handler)).catch(() => {});
    }
  }

  async ask(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    const thread = this.#replies.get(sourceOf(delivery.handler));
    return thread ? await thread.reply(delivery, withinMs) : failedReply('its thread is not running');
  }

  /** Each thread has a copy of the environment at its start. */
  isEnvironmentOld(): boolean {
    return JSON.stringify(process.env) !== this.#environment;
  }

  async startAll(): Promise<void> {
    this.#environment = JSON.stringify(process.env);
    if (this.#options.dispatches) {
      this.startCommon();
      for (const handler of this.apart.names()) this.startApart(handler);
    }
    for (const source of this.#options.sources) if (source.reply) this.startReplies(source);
    await Promise.all([...this.#living].map(({ begun }) => begun));
  }

  startCommon(): void {
    const handlers = [...this.#handlers.keys()].filter((handler) => !this.apart.has(handler));
    const slots = [...this.#handlers.values()].map(({ route, concurrency }) => [route.target, concurrency]);
    const grant = this.#hasGranted ? {} : Object.fromEntries(slots);
    const thread = this.#startThread('the handlers’ thread', { handlers, grant });
    this.#common = thread;
    void thread.begun.then(() => {
      if (thread.hasBegun && this.#living.has(thread)) this.#hasGranted = true;
    });
  }

  startApart(handler: string): void {
    const suspects = new Map([[handler, this.apart.suspectsOf(handler)]]);
    const thread = this.#startThread(`${handler}’s own thread`, { handlers: [handler], suspects });
    this.apart.setThread(handler, thread);
  }

  startReplies(source: SourceWiring): void {
    const name = sourceNameOf(source);
    const withinMs = source.preset.replyWithinMs;
    const thread = this.#startThread(`${name}’s reply thread`, { replies: name, withinMs });
    this.#replies.set(name, thread);
  }

  #startThread(
    title: string,
    {
      handlers,
      replies,
      withinMs,
      ...more
    }: Partial<Pick<ThreadPlan, 'suspects' | 'grant' | 'replies'>> & {
      readonly handlers?: readonly string[];
      readonly withinMs?: number;
    },
  ): HandlersThread {
    const { wiring, knobs, logOptions, inbox, output, onAttempts } = this.#options;
    const id = ++this.#lastId;
    const limitsMs = new Map(this.#handlers.entries().map(([name, { timeLimitMs }]) => [name, timeLimitMs]));
    const thread = new HandlersThread(
      {
        ...{ id, title, wiring, knobs, logOptions, limitsMs, replies },
        longestMs: withinMs ?? this.longestMs,
        port: handlers && inbox.workPort({ thread: id, handlers }),
        suspects: new Map(),
        grant: {},
        ...more,
      },
      {
        output,
        onAttempts,
        onCleared: (handler, event) => this.apart.clear(handler, event),
        ...this.#watch,
      },
    );
    this.#living.add(thread);
    return thread;
  }
}
