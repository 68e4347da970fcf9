/**
 * Keeps the handlers' thread running. Lives beside the edge and does nothing per event.
 *
 * A thread that ends, or whose heartbeat stops for longer than the longest time limit, is replaced. What becomes of the
 * attempts that ran in it, the inbox decides (inbox/retry.ts): it only hears what has ended, and why.
 */
import { Worker } from 'node:worker_threads';
import type { Log, Output } from '../../base/log/log.ts';
import { DeadlineError, ThreadCalls } from '../../base/thread-calls.ts';
import type { Delivery, Ending, Inbox, Interrupted } from '../../inbox/contract.ts';
import { PROCESS_ENDED } from '../../inbox/retry.ts';
import type { SourceWiring } from '../handler.ts';
import { wiredHandlers } from '../handlers.ts';
import { failedReply, LATE, type ReplyResult } from './reply.ts';
import type { AttemptCounts, FromHandlers, HandlersCalls, HandlersThreadData } from './thread.ts';

const LOAD_MS = 60_000;
const LOOK_MS = 500;
const RESTART_MS = 1_000;
const HEAP_MB = 1_024;
/** Replies are waited for by so many requests at most; beyond, a slow function would only pile up more. */
const REPLIES_MAX = 256;

export interface SupervisorOptions
  extends Pick<HandlersThreadData, 'wiring' | 'knobs' | 'dispatches' | 'logOptions'> {
  readonly inbox: Inbox;
  readonly sources: readonly SourceWiring[];
  readonly log: Log;
  /** Where the lines of the handlers' thread go. */
  readonly output: Output;
  readonly onAttempts: (...counts: AttemptCounts) => void;
}

/** A thread that has ended under the handlers that ran in it. */
export interface ThreadEnding {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
  /** The handlers whose attempts were cut. */
  readonly handlers: readonly string[];
}

const ENDINGS_KEPT = 20;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stallMs: number;
  #worker: Worker | undefined;
  #calls: ThreadCalls<HandlersCalls> | undefined;
  /** The one that was ended by `renew`. */
  #renewed: Worker | undefined;
  #watch: NodeJS.Timeout | undefined;
  #repliesAwaited = 0;
  #stopping = false;
  readonly #endings: ThreadEnding[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const handlers = wiredHandlers(options.sources, options.knobs);
    this.#stallMs = LOOK_MS + Math.max(0, ...[...handlers.values()].map(({ timeLimitMs }) => timeLimitMs));
  }

  /** Has what the last process was handling settled, and starts the thread. Resolves when it runs. */
  async start(): Promise<void> {
    const { dispatches, inbox, sources } = this.#options;
    if (dispatches) await inbox.recover(PROCESS_ENDED);
    if (dispatches || sources.some(({ reply }) => reply)) await this.#startThread();
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

  /** Has the source's `reply` function answer for an event that is on disk; its `handler` is `<source>/reply`. Never rejects. */
  async ask(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    if (this.#repliesAwaited >= REPLIES_MAX) return failedReply('too many replies are being waited for');
    if (!this.#calls) return failedReply('the handlers’ thread is not running');
    this.#repliesAwaited++;
    try {
      return await this.#calls.askWithin(withinMs, 'reply', delivery, Date.now() + withinMs);
    } catch (error) {
      return error instanceof DeadlineError ? LATE : failedReply((error as Error).message);
    } finally {
      this.#repliesAwaited--;
    }
  }

  /** The last threads that have ended under their handlers, oldest first. */
  endings(): readonly ThreadEnding[] {
    return this.#endings;
  }

  /** The inbox thread is a new one: so must be the handlers' thread, which held a port to the old one. */
  renew(): void {
    this.#renewed = this.#worker;
    void this.#worker?.terminate();
  }

  async #startThread(): Promise<void> {
    const { wiring, knobs, logOptions, output, inbox, dispatches, onAttempts } = this.#options;
    const heartbeat = new SharedArrayBuffer(4);
    const port = inbox.workPort();
    const data: HandlersThreadData = { wiring, knobs, logOptions, port, heartbeat, dispatches };
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: data,
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
    this.#watchHeartbeat(worker, new Int32Array(heartbeat), () => {
      cause = `it kept its thread busy for longer than ${this.#stallMs - LOOK_MS} ms`;
    });
    worker.on('message', (message: FromHandlers) => {
      if (message.kind === 'lines') output.write(message.text);
      if (message.kind === 'counts') for (const count of message.counts) onAttempts(...count);
    });
    worker.on('exit', () => void this.#replace(worker, cause));
    // One that ends before it has begun is replaced like any other.
    await calls.listening.catch(() => {});
  }

  /** Looks are counted, not time: a process that was suspended must not take its handlers for stuck. */
  #watchHeartbeat(worker: Worker, heartbeat: Int32Array, onStall: () => void): void {
    clearInterval(this.#watch);
    let last = -1;
    let still = 0;
    this.#watch = setInterval(() => {
      const now = Atomics.load(heartbeat, 0);
      still = now === last ? still + 1 : 0;
      last = now;
      // Before its first heartbeat it loads the user's modules, which takes long on a busy machine.
      if (still * LOOK_MS < (now === 0 ? Math.max(LOAD_MS, this.#stallMs) : this.#stallMs)) return;
      onStall();
      void worker.terminate();
    }, LOOK_MS).unref();
  }

  #noteEnding(reason: string, cut: readonly Interrupted[]): void {
    this.#endings.push({ at: Date.now(), reason, handlers: [...new Set(cut.map(({ handler }) => handler))] });
    if (this.#endings.length > ENDINGS_KEPT) this.#endings.shift();
  }

  async #replace(worker: Worker, cause: string): Promise<void> {
    if (this.#worker !== worker || this.#stopping) return;
    this.#worker = this.#calls = undefined;
    clearInterval(this.#watch);
    const { dispatches, inbox, log } = this.#options;
    log.error({ reason: cause }, 'the handlers’ thread has ended; a new one is started');
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    if (this.#stopping) return;
    try {
      const ended: Ending['ended'] = this.#renewed === worker ? 'inbox' : 'handlers';
      const cut = dispatches ? await inbox.recover({ ended, reason: cause }) : [];
      if (ended === 'handlers') this.#noteEnding(cause, cut);
      await this.#startThread();
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'the handlers’ thread cannot be started yet');
      this.#worker = worker;
      void this.#replace(worker, cause);
    }
  }
}
