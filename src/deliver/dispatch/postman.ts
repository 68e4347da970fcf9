/**
 * Keeps the handlers' thread running. Lives beside the edge and does nothing per event.
 *
 * A thread that ends, or stops beating for longer than the longest time limit, is replaced. Of what it was handling, a
 * single attempt is guilty and counts; of several nobody knows which, so all are given back uncounted, to be run one at
 * a time with nothing beside them: the guilty one is then alone when it strikes again.
 */

import { Worker } from 'node:worker_threads';
import type { Log, LogOptions } from '../../base/log/log.ts';
import type { Output } from '../../base/log/output.ts';
import { ThreadCalls } from '../../base/threads/ask.ts';
import type { Delivery, Inbox, Interrupted, Settlement } from '../../inbox/contract.ts';
import { outcomeOf } from '../../inbox/contract.ts';
import type { SourceWiring } from '../handler.ts';
import type { DeliveryKnobs } from '../handlers.ts';
import { wiredHandlers } from '../handlers.ts';
import { Replies } from './replies.ts';
import type { ReplyResult } from './reply.ts';
import type { FromHandlers, HandlersCalls, HandlersThreadData } from './thread.ts';
import { type Verdict, verdictOn } from './verdict.ts';

const ENDED = 'the service ended while it ran';
const LOOK_MS = 500;
const RESTART_MS = 1_000;
const HEAP_MB = 1_024;
/** Whose end it was that left work unfinished: the process's, the handlers' thread's, or the inbox's. */
type Ended = 'process' | 'handlers' | 'inbox';
/** Nobody knows how the other side fares. */
const NOTHING_SAID = { restMs: 0, status: null, output: null } as const;
/** One of several that ran when their thread ended, or any if it was ended for the inbox's sake. */
const INNOCENT: Verdict = { state: 'pending', due: 0, counted: false, error: null };

export interface PostmanOptions {
  readonly inbox: Inbox;
  /** Otherwise the thread runs for `reply` functions only, if there are any. */
  readonly dispatches: boolean;
  readonly wiring: string;
  readonly sources: readonly SourceWiring[];
  readonly knobs: DeliveryKnobs;
  readonly log: Log;
  readonly logOptions: LogOptions;
  /** Where the lines of the handlers' thread go. */
  readonly output: Output;
  readonly onAttempts: (handler: string, outcome: string, count: number) => void;
}

export class Postman {
  readonly #options: PostmanOptions;
  readonly #maxAttempts: ReadonlyMap<string, number>;
  readonly #stallMs: number;
  #worker: Worker | undefined;
  #calls: ThreadCalls<HandlersCalls> | undefined;
  /** The one that was ended by `renew`. */
  #renewed: Worker | undefined;
  #watch: NodeJS.Timeout | undefined;
  readonly #replies = new Replies();
  #stopping = false;

  constructor(options: PostmanOptions) {
    this.#options = options;
    const handlers = wiredHandlers(options.sources, options.knobs);
    this.#maxAttempts = new Map([...handlers].map(([name, { maxAttempts }]) => [name, maxAttempts]));
    this.#stallMs = LOOK_MS + Math.max(0, ...[...handlers.values()].map(({ timeLimitMs }) => timeLimitMs));
  }

  /** Gives back what the last process left in `handling`, and starts the thread. Resolves when it runs. */
  async start(): Promise<void> {
    const { dispatches, inbox, sources } = this.#options;
    if (dispatches) this.#giveBack(await inbox.recover(), ENDED, 'process');
    if (dispatches || sources.some(({ reply }) => reply)) await this.#startThread();
  }

  /** What was running in another process, which died. */
  takeOver(interrupted: readonly Interrupted[]): void {
    this.#giveBack(interrupted, ENDED, 'process');
  }

  /** Hands nothing out any more, waits for what is running at most `graceMs`. Every settlement is with the inbox then. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    const worker = this.#worker;
    if (!worker) return;
    await this.#options.inbox.pause().catch(() => {});
    await this.#calls?.askWithin(graceMs + 1_000, 'stop', graceMs).catch(() => {});
    await worker.terminate();
  }

  /** Has the source's `reply` function answer for an event that is on disk. */
  ask(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    return this.#replies.ask(this.#calls, delivery, withinMs);
  }

  /** The inbox thread is a new one: so must be the handlers' thread, which held a port to the old one. */
  renew(): void {
    this.#renewed = this.#worker;
    void this.#worker?.terminate();
  }

  async #startThread(): Promise<void> {
    const { wiring, knobs, logOptions, inbox, dispatches } = this.#options;
    const beat = new SharedArrayBuffer(4);
    const port = inbox.workPort();
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { wiring, knobs, log: logOptions, port, beat, dispatches } satisfies HandlersThreadData,
      transferList: [port],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: 'handlers',
    });
    const calls = new ThreadCalls<HandlersCalls>(worker, 'the handlers’ thread');
    this.#worker = worker;
    this.#calls = calls;
    let cause = 'its thread ended';
    worker.on('error', (error: Error) => {
      cause = `its thread ended: ${error.message}`;
    });
    this.#watchBeat(worker, new Int32Array(beat), () => {
      cause = `it kept its thread busy for longer than ${this.#stallMs - LOOK_MS} ms`;
    });
    worker.on('message', (message: FromHandlers) => {
      if (message.kind === 'lines') this.#options.output.write(message.text);
      if (message.kind === 'counts') this.#count(message.counts);
    });
    worker.on('exit', () => void this.#replace(worker, cause));
    // One that ends before it has begun is replaced like any other.
    await calls.listening.catch(() => {});
  }

  /** Looks are counted, not time: a process that was suspended must not take its handlers for stuck. */
  #watchBeat(worker: Worker, pulse: Int32Array, onStall: () => void): void {
    clearInterval(this.#watch);
    let last = -1;
    let still = 0;
    this.#watch = setInterval(() => {
      const now = Atomics.load(pulse, 0);
      still = now === last ? still + 1 : 0;
      last = now;
      if (still * LOOK_MS < this.#stallMs) return;
      onStall();
      void worker.terminate();
    }, LOOK_MS).unref();
  }

  async #replace(worker: Worker, cause: string): Promise<void> {
    if (this.#worker !== worker || this.#stopping) return;
    this.#worker = this.#calls = undefined;
    clearInterval(this.#watch);
    this.#options.log.error({ reason: cause }, 'the handlers’ thread has ended; a new one is started');
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    if (this.#stopping) return;
    const { dispatches, inbox } = this.#options;
    try {
      if (dispatches)
        this.#giveBack(await inbox.recover(), cause, this.#renewed === worker ? 'inbox' : 'handlers');
      await this.#startThread();
    } catch (error) {
      this.#options.log.error(
        { reason: (error as Error).message },
        'the handlers’ thread cannot be started yet',
      );
      this.#worker = worker;
      void this.#replace(worker, cause);
    }
  }

  #giveBack(left: readonly Interrupted[], cause: string, ended: Ended): void {
    const { inbox, log } = this.#options;
    const settled = left.map(({ id, ...work }): Settlement => {
      const guilty = ended === 'process' || (ended === 'handlers' && left.length === 1);
      const verdict = guilty ? this.#verdictOn(work, cause) : INNOCENT;
      const now = Date.now();
      const due = ended === 'handlers' ? Math.max(now, verdict.due) : now;
      // The first time a process ends, nobody is a suspect: it may have been killed from outside.
      const alone = ended === 'handlers' || (ended === 'process' && work.attempt > 1);
      const settlement = {
        ...work,
        ...verdict,
        ...NOTHING_SAID,
        error: cause,
        due,
        alone,
        startedAt: now,
        ms: 0,
      };
      const { handler, attempt } = work;
      log.warn({ handler, eventId: id, attempt, outcome: outcomeOf(settlement), ms: 0, reason: cause });
      return settlement;
    });
    inbox.settle(settled);
  }

  #verdictOn(work: Pick<Settlement, 'handler' | 'attempt'>, cause: string): Verdict {
    const { handler, backoff } = this.#options.knobs;
    const maxAttempts = this.#maxAttempts.get(work.handler) ?? handler.maxAttempts;
    return verdictOn(new Error(cause), work.attempt, maxAttempts, backoff, Date.now());
  }

  #count(counts: Extract<FromHandlers, { kind: 'counts' }>['counts']): void {
    for (const [handler, outcome, count] of counts) this.#options.onAttempts(handler, outcome, count);
  }
}
