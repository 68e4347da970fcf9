/**
 * The edge's side of the inbox thread, whichever database it is for.
 *
 * Arrivals go to it in batches (arrival-batches.ts); everything else is a call with an answer. If the thread dies, all that
 * waits fails, and a new thread is started.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { ConfigError } from '../base/errors.ts';
import type { Log } from '../base/log/log.ts';
import { ArrivalBatches } from './arrival-batches.ts';
import type { Arrival, Ending, Inbox, Interrupted, Kept, Order, SecretUse } from './contract.ts';
import type { Call, Reply, ThreadData } from './messages.ts';
import type { CircuitChange } from './targets.ts';

/**
 * unreadyMs: how long an arrival must be late, and nothing be heard, for readiness to be lost. SQLite's thread cannot speak
 * while it waits for the disk; PostgreSQL's says by itself whether writes are taken, unless it hangs.
 */
const THREADS = {
  sqlite: { module: new URL('./sqlite/thread.ts', import.meta.url), unreadyMs: 0 },
  postgres: { module: new URL('./postgres/thread.ts', import.meta.url), unreadyMs: 5_000 },
} as const;
const RESTART_MS = 1_000;

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export interface ClientOptions extends ThreadData {
  readonly deadlineMs: number;
  readonly log: Log;
  /**
   * The handlers' thread must be ended and a new one started: a new inbox thread has replaced a dead one, or this replica
   * was out of the database's reach for so long that others may have taken over what it had.
   */
  readonly onRestart: () => void;
}

/** Resolves when the inbox is open. Rejects with ConfigError if it cannot be, or another service owns it. */
export async function openInbox(options: ClientOptions): Promise<Inbox> {
  const client = new InboxClient(options);
  await client.start();
  return client;
}

class InboxClient implements Inbox {
  readonly #options: ClientOptions;
  #worker: Worker | undefined;
  readonly #batches: ArrivalBatches;
  readonly #calls = new Map<number, Asked>();
  #lastCall = 0;
  #writes = false;
  #opened = false;
  #closing = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#batches = new ArrivalBatches(options.deadlineMs, (id, batch) => {
      this.#worker?.postMessage({ kind: 'arrivals', id, batch }, [batch.bytes]);
      return this.#worker !== undefined;
    });
  }

  start(): Promise<void> {
    const { database, sources, knobs, dispatches } = this.#options;
    const worker = new Worker(THREADS[database.kind].module, {
      workerData: { database, sources, knobs, dispatches } satisfies ThreadData,
      name: 'inbox',
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (reply: Reply) => {
        if (reply.kind === 'ready') resolve();
        this.#hear(reply);
      });
      worker.on('error', (error) => {
        const problems = (error as Partial<ConfigError>).problems;
        const cause = problems ? new ConfigError(problems) : (error as Error);
        reject(cause);
        this.#lose(worker, cause);
      });
      worker.on('exit', () => this.#lose(worker, new Error('the inbox thread has ended')));
    });
  }

  keep(arrival: Arrival): Promise<Kept> {
    return this.#batches.keep(arrival);
  }

  takesWrites(): boolean {
    return this.#writes && !this.#batches.isLateFor(THREADS[this.#options.database.kind].unreadyMs);
  }

  status(): ReturnType<Inbox['status']> {
    return this.#call({ name: 'status' });
  }

  order(order: Order): Promise<number> {
    return this.#call({ name: 'order', order });
  }

  purge(eventsBefore: number, keysBefore: number): Promise<{ removed: number; more: boolean }> {
    return this.#call({ name: 'purge', eventsBefore, keysBefore });
  }

  noteUses(uses: readonly SecretUse[]): Promise<void> {
    return this.#call({ name: 'noteUses', uses });
  }

  async recover(ending: Ending): Promise<readonly Interrupted[]> {
    const interrupted = await this.#call<readonly Interrupted[]>({ name: 'recover', ending });
    this.#logInterrupted(interrupted);
    return interrupted;
  }

  pause(): Promise<void> {
    return this.#call({ name: 'pause' });
  }

  workPort(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker?.postMessage({ kind: 'work', port: port1 }, [port1]);
    return port2;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#batches.stop();
    await this.#call({ name: 'close' });
  }

  #hear(reply: Reply): void {
    if (reply.kind === 'ready') this.#begin();
    else if (reply.kind === 'kept' || reply.kind === 'failed') this.#batches.heed(reply);
    else if (reply.kind === 'answer') this.#answer(reply);
    else if (reply.kind === 'interrupted') this.#logInterrupted(reply.interrupted);
    else if (reply.kind === 'circuit') this.#logCircuit(reply);
    else if (reply.kind === 'lost') {
      this.#options.log.error({ reason: reply.reason }, 'what is being handled may be taken over by others');
      this.#options.onRestart();
    } else {
      this.#writes = reply.taken;
      if (reply.taken) this.#options.log.info({}, 'the inbox takes writes again');
      else this.#options.log.error({ reason: reply.reason }, 'the inbox does not take writes');
    }
  }

  #logInterrupted(interrupted: readonly Interrupted[]): void {
    for (const { id, ...attempt } of interrupted) this.#options.log.warn({ ...attempt, eventId: id, ms: 0 });
  }

  #logCircuit({ handler, restMs }: CircuitChange): void {
    const { log } = this.#options;
    if (restMs > 0) log.warn({ handler, restMs }, 'the other side takes nothing: events for it wait');
    else log.info({ handler }, 'the other side takes events again');
  }

  /** What has gathered while there was no thread goes to the new one. */
  #begin(): void {
    this.#opened = this.#writes = true;
    this.#batches.flush();
  }

  #answer(reply: Extract<Reply, { kind: 'answer' }>): void {
    const asked = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if (reply.error === undefined) asked?.resolve(reply.answer as never);
    else asked?.reject(new Error(reply.error));
  }

  #call<T>(call: Call): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#worker) return reject(new Error('the inbox is not open'));
      const id = ++this.#lastCall;
      this.#calls.set(id, { resolve: resolve as (answer: never) => void, reject });
      this.#worker.postMessage({ kind: 'call', id, call });
    });
  }

  #lose(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#writes = false;
    this.#batches.failAll(`the inbox thread has ended: ${cause.message}`);
    for (const asked of this.#calls.values()) asked.reject(cause);
    this.#calls.clear();
    if (this.#closing || !this.#opened) return;
    this.#options.log.error({ reason: cause.message }, 'the inbox thread has ended; a new one is started');
    setTimeout(() => this.#restart(), RESTART_MS);
  }

  async #restart(): Promise<void> {
    if (this.#closing) return;
    try {
      await this.start();
      this.#options.log.info({}, 'the inbox thread runs again');
      this.#options.onRestart();
    } catch {
      // #lose has logged it and planned the next try.
    }
  }
}
