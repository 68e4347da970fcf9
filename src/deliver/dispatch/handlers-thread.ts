/**
 * One thread in which handlers or `reply` functions run, as it is seen from beside the edge: started, watched, asked, ended. The
 * supervisor decides which threads there are, and for whom.
 *
 * A thread whose heartbeat stands still is told of, and ended once that has lasted for longer than what runs in it may take.
 */
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Output } from '../../base/log/log.ts';
import { DeadlineError, ThreadCalls } from '../../base/thread-calls.ts';
import { MINUTE_MS } from '../../base/times.ts';
import type { Delivery } from '../../inbox/contract.ts';
import { Pulse } from './pulse.ts';
import { failedReply, LATE, type ReplyResult } from './reply.ts';
import type { AttemptCounts, FromHandlers, HandlersCalls, HandlersThreadData } from './thread.ts';

const LOAD_MS = MINUTE_MS;
const LOOK_MS = 500;
/** Within that no handler computes that means well with the others of its thread. */
const STILL_MS = 5_000;
const HEAP_MB = 1_024;
/** Replies are waited for by so many requests at most; beyond, a slow function would only pile up more. */
const REPLIES_MAX = 256;

export interface ThreadWatch {
  readonly output: Output;
  readonly onAttempts: (...counts: AttemptCounts) => void;
  /** A suspect ran, with nothing beside it, and its thread is still there. */
  readonly onCleared: (handler: string, event: number) => void;
  /** It has not moved for a while; called once. */
  readonly onStill: (thread: HandlersThread) => void;
  /** It is gone, and nobody had asked for it. */
  readonly onEnd: (thread: HandlersThread, cause: string) => void;
}

export interface ThreadPlan
  extends Pick<HandlersThreadData, 'wiring' | 'knobs' | 'logOptions' | 'suspects' | 'grant' | 'replies'> {
  readonly id: number;
  /** For people: `the handlers’ thread`. */
  readonly title: string;
  /** All that are wired, with how long each may take. */
  readonly limitsMs: ReadonlyMap<string, number>;
  /** How long what is not known to run may take. */
  readonly longestMs: number;
  readonly port: MessagePort | undefined;
}

export class HandlersThread {
  readonly id: number;
  readonly title: string;
  /** Resolves once it runs, or has ended. */
  readonly begun: Promise<void>;
  readonly #plan: ThreadPlan;
  readonly #watch: ThreadWatch;
  readonly #pulse: Pulse;
  readonly #worker: Worker;
  readonly #calls: ThreadCalls<HandlersCalls>;
  readonly #looking: NodeJS.Timeout;
  #cause = 'its thread ended';
  #isDismissed = false;
  #hasBegun = false;
  #repliesAwaited = 0;
  #last = -1;
  #still = 0;

  constructor(plan: ThreadPlan, watch: ThreadWatch) {
    const { id, title, limitsMs, wiring, knobs, logOptions, suspects, grant, replies, port } = plan;
    this.id = id;
    this.title = title;
    this.#plan = plan;
    this.#watch = watch;
    this.#pulse = new Pulse([...limitsMs.keys()]);
    const own = { pulse: this.#pulse.memory, suspects, grant, replies, ...(port && { port }) };
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { wiring, knobs, logOptions, ...own } satisfies HandlersThreadData,
      transferList: port ? [port] : [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: 'handlers',
    });
    this.#calls = new ThreadCalls<HandlersCalls>(this.#worker, title);
    this.begun = this.#calls.listening.then(
      () => {
        this.#hasBegun = true;
      },
      () => {},
    );
    this.#worker.on('error', (error: Error) => {
      this.#cause = `its thread ended: ${error.message}`;
    });
    this.#worker.on('message', (message: FromHandlers) => this.#hear(message));
    this.#worker.on('exit', () => {
      clearInterval(this.#looking);
      if (!this.#isDismissed) watch.onEnd(this, this.#cause);
    });
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isMoving(): boolean {
    return this.#hasBegun && this.#still <= 1;
  }

  /** The attempt that has the thread for itself, or had it when the thread ended. */
  get running() {
    return this.#pulse.running;
  }

  /** Nothing more begins in it. Answers with how many attempts have. */
  halt(): number {
    return this.#pulse.halt();
  }

  /** These may have brought a thread down: nothing runs beside them here. Resolves when the thread knows. */
  async suspect(handler: string, events: readonly number[]): Promise<void> {
    await this.#calls.ask('suspect', handler, events);
  }

  /** What the `reply` function says to an event that is on disk; its `handler` is `<source>/reply`. Never rejects. */
  async reply(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    if (this.#repliesAwaited >= REPLIES_MAX) return failedReply('too many replies are being waited for');
    this.#repliesAwaited++;
    try {
      return await this.#calls.askWithin(withinMs, 'reply', delivery, Date.now() + withinMs);
    } catch (error) {
      return error instanceof DeadlineError ? LATE : failedReply((error as Error).message);
    } finally {
      this.#repliesAwaited--;
    }
  }

  /** Waits for what is running, at most `graceMs`. False if the thread ended by itself before that. */
  async finish(graceMs: number): Promise<boolean> {
    const isDone = await this.#calls.askWithin(graceMs + 1_000, 'stop', graceMs).then(
      () => true,
      (error) => error instanceof DeadlineError,
    );
    if (isDone) await this.dismiss();
    return isDone;
  }

  /** Ends it now. */
  async dismiss(): Promise<void> {
    this.#isDismissed = true;
    clearInterval(this.#looking);
    await this.#worker.terminate();
  }

  #hear(message: FromHandlers): void {
    if (message.kind === 'lines') this.#watch.output.write(message.text);
    if (message.kind === 'counts') for (const count of message.counts) this.#watch.onAttempts(...count);
    if (message.kind === 'cleared') this.#watch.onCleared(message.handler, message.event);
  }

  /** Looks are counted, not time: a process that was suspended must not take its handlers for stuck. */
  #look(): void {
    const now = this.#pulse.beats;
    this.#still = now === this.#last ? this.#still + 1 : 0;
    this.#last = now;
    const { limitsMs, longestMs } = this.#plan;
    const limitMs = limitsMs.get(this.running?.handler ?? '') ?? longestMs;
    const stillMs = this.#still * LOOK_MS;
    // Before its first heartbeat it loads the user's modules, which takes long on a busy machine.
    const isOver = stillMs >= LOOK_MS + (now === 0 ? Math.max(LOAD_MS, longestMs) : limitMs);
    if (isOver) {
      this.#cause = `it kept its thread busy for longer than ${limitMs} ms`;
      void this.#worker.terminate();
    } else if (now > 0 && stillMs === STILL_MS) this.#watch.onStill(this);
  }
}
