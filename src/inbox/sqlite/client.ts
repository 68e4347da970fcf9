/**
 * The edge's side of the inbox thread.
 *
 * Arrivals of one turn of the event loop travel together, at most a few batches at a time: while one is being synced the
 * next one waits at the thread's door, and everything else gathers here. An arrival that is not on disk by the deadline
 * is given up (the provider tries again; if it was written after all, that will be a duplicate). If the thread dies, all
 * that waits fails, and a new thread is started.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { ConfigError, Rejection } from '../../errors.ts';
import type { Arrival, Inbox, Kept, Order, SecretUse, Settlement } from '../../inbox-contract.ts';
import type { Log } from '../../types.ts';
import { type Call, pack, type Reply, type ThreadData } from './messages.ts';

const BATCHES_OUT_MAX = 4;
/** With so many gathered and the thread idle, it need not wait for the rest of this turn of the loop. */
const EARLY_BATCH = 12;
const SWEEP_MS = 100;
const RESTART_MS = 1_000;

interface Waiting {
  readonly arrival: Arrival;
  readonly since: number;
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: Error) => void;
  givenUp: boolean;
}

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export interface ClientOptions extends ThreadData {
  readonly deadlineMs: number;
  readonly log: Log;
  /** A new thread has replaced a dead one: the handlers' thread needs a new port. */
  readonly onRestart: () => void;
}

/** Resolves when the file is open and owned. Rejects with ConfigError if another service owns it. */
export async function openSqliteInbox(options: ClientOptions): Promise<Inbox> {
  const client = new SqliteInbox(options);
  await client.start();
  return client;
}

class SqliteInbox implements Inbox {
  readonly #options: ClientOptions;
  #worker: Worker | undefined;
  #gathered: Waiting[] = [];
  #out: Waiting[][] = [];
  readonly #calls = new Map<number, Asked>();
  #lastCall = 0;
  #flushPlanned = false;
  #writes = false;
  #late = false;
  #opened = false;
  #closing = false;
  readonly #sweep: NodeJS.Timeout;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#giveUpLate(), SWEEP_MS).unref();
  }

  start(): Promise<void> {
    const { path, cacheMb, sources } = this.#options;
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { path, cacheMb, sources } satisfies ThreadData,
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
    return new Promise((resolve, reject) => {
      this.#gathered.push({ arrival, since: performance.now(), resolve, reject, givenUp: false });
      if (this.#out.length === 0 && this.#gathered.length >= EARLY_BATCH) this.#flush();
      if (this.#flushPlanned) return;
      this.#flushPlanned = true;
      setImmediate(() => {
        this.#flushPlanned = false;
        this.#flush();
      });
    });
  }

  takesWrites(): boolean {
    return this.#writes && !this.#late;
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

  recover(): ReturnType<Inbox['recover']> {
    return this.#call({ name: 'recover' });
  }

  settle(settled: readonly Settlement[]): void {
    this.#worker?.postMessage({ kind: 'settle', settled });
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
    clearInterval(this.#sweep);
    await this.#call({ name: 'close' });
  }

  #flush(): void {
    while (this.#gathered.length > 0 && this.#out.length < BATCHES_OUT_MAX && this.#worker) {
      const waiting = this.#gathered.filter((one) => !one.givenUp);
      this.#gathered = [];
      if (waiting.length === 0) return;
      const batch = pack(waiting.map((one) => one.arrival));
      this.#out.push(waiting);
      this.#worker.postMessage({ kind: 'arrivals', batch }, [batch.bytes]);
    }
  }

  #hear(reply: Reply): void {
    if (reply.kind === 'ready') this.#begin();
    else if (reply.kind === 'kept' || reply.kind === 'failed') this.#heed(reply);
    else if (reply.kind === 'answer') this.#answer(reply);
    else {
      this.#writes = reply.taken;
      if (reply.taken) this.#options.log.info({}, 'the inbox takes writes again');
      else this.#options.log.error({ reason: reply.reason }, 'the inbox does not take writes');
    }
  }

  /** What has gathered while there was no thread goes to the new one. */
  #begin(): void {
    this.#opened = this.#writes = true;
    this.#late = false;
    this.#flush();
  }

  #heed(reply: Extract<Reply, { kind: 'kept' | 'failed' }>): void {
    const waiting = this.#out.shift() ?? [];
    this.#late = false;
    for (const [at, one] of waiting.entries()) {
      if (reply.kind === 'kept') one.resolve(reply.kept[at] as Kept);
      else one.reject(new Rejection('inbox_failed', `the inbox could not take the event: ${reply.reason}`));
    }
    this.#flush();
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

  #giveUpLate(): void {
    const before = performance.now() - this.#options.deadlineMs;
    for (const one of [...this.#out.flat(), ...this.#gathered]) {
      if (one.givenUp || one.since > before) continue;
      one.givenUp = true;
      this.#late = true;
      one.reject(new Rejection('inbox_slow'));
    }
  }

  #lose(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#writes = false;
    for (const one of [...this.#out.flat(), ...this.#gathered]) {
      one.reject(new Rejection('inbox_failed', `the inbox thread has ended: ${cause.message}`));
    }
    this.#out = [];
    this.#gathered = [];
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
