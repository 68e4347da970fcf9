/**
 * The edge's side of the inbox thread, whichever database it is for.
 *
 * Arrivals go to it in batches (arrival-batches.ts); everything else is a call with an answer. If the thread dies, all that
 * waits fails, and a new thread is started.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Log } from '../base/log/log.ts';
import { type CallArguments, type ResultOf, ThreadCalls } from '../base/thread-calls.ts';
import { Rejection } from '../verify/verifier.ts';
import { ArrivalBatches } from './arrival-batches.ts';
import type { Arrival, Inbox, InboxTrouble, Kept } from './contract.ts';
import { type Driver, driverOf } from './driver.ts';
import type { ThreadShare } from './handler-ports.ts';
import { logCircuit, logInterrupted, logTrouble } from './inbox-log.ts';
import type { FromInbox, InboxCalls, InboxThreadData, ToInbox } from './messages.ts';
import type { Ending } from './retry.ts';

const RESTART_MS = 1_000;

interface ClientOptions extends InboxThreadData {
  readonly deadlineMs: number;
  readonly log: Log;
  /** Ends an opening that waits for its database. */
  readonly signal?: AbortSignal;
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
  readonly #thread: Driver['thread'];
  readonly #batches: ArrivalBatches;
  #worker: Worker | undefined;
  #calls: ThreadCalls<InboxCalls> | undefined;
  #writes = false;
  #trouble: InboxTrouble | undefined;
  #opened = false;
  #closing = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#thread = driverOf(options.database).thread;
    this.#batches = new ArrivalBatches(options.deadlineMs, (id, batch) => {
      this.#worker?.postMessage({ kind: 'arrivals', id, batch } satisfies ToInbox, [batch.bytes]);
      return this.#worker !== undefined;
    });
  }

  async start(): Promise<void> {
    const { database, sources, knobs, dispatches, signal } = this.#options;
    const worker = new Worker(this.#thread.module, {
      workerData: { database, sources, knobs, dispatches } satisfies InboxThreadData,
      name: 'inbox',
    });
    const calls = new ThreadCalls<InboxCalls>(worker, 'the inbox thread');
    this.#worker = worker;
    this.#calls = calls;
    worker.on('message', (message: FromInbox) => this.#hear(message));
    let cause = 'the inbox thread has ended';
    worker.on('error', (error) => {
      cause = (error as Error).message;
    });
    worker.on('exit', () => this.#lose(worker, cause));
    signal?.addEventListener('abort', () => this.#opened || void worker.terminate());
    await calls.listening;
    this.#opened = this.#writes = true;
    this.#trouble = undefined;
    // What has gathered while there was no thread.
    this.#batches.flush();
  }

  keep(arrival: Arrival, withinMs?: number): Promise<Kept> {
    if (this.#isSound) return this.#batches.keep(arrival, withinMs);
    const reason = `the inbox is not sound: ${this.#trouble?.reason}`;
    return Promise.reject(new Rejection('inbox_failed', reason));
  }

  takesWrites(): boolean {
    return this.#writes && this.#isSound && !this.#batches.isLateFor(this.#thread.unreadyMs);
  }

  trouble(): InboxTrouble | undefined {
    return this.#trouble;
  }

  get #isSound(): boolean {
    return this.#trouble === undefined || this.#trouble.kind === 'failing';
  }

  readonly status = this.#passOn('status');
  readonly fingerprintKey = this.#passOn('fingerprintKey');
  readonly order = this.#passOn('order');
  readonly noteCounts = this.#passOn('noteCounts');
  readonly noteAlarms = this.#passOn('noteAlarms');
  readonly openAlarms = this.#passOn('openAlarms');
  readonly noteAlarmDelivery = this.#passOn('noteAlarmDelivery');
  readonly assignHandlers = this.#passOn('assignHandlers');
  readonly attemptsOut = this.#passOn('attemptsOut');
  readonly orderPause = this.#passOn('orderPause');
  readonly startAction = this.#passOn('startAction');
  readonly noteAction = this.#passOn('noteAction');
  readonly cancelAction = this.#passOn('cancelAction');
  readonly actions = this.#passOn('actions');
  readonly countStep = this.#passOn('countStep');
  readonly pause = this.#passOn('pause');
  readonly doubt = this.#passOn('doubt');
  readonly believeClock = this.#passOn('believeClock');
  readonly copyTo = this.#passOn('copyTo');
  readonly purge = this.#passOn('purge');

  #passOn<Name extends keyof InboxCalls>(name: Name) {
    return async (...asked: CallArguments<InboxCalls, Name>): Promise<ResultOf<InboxCalls, Name>> =>
      await this.#asked.ask(name, ...asked);
  }

  async recover(ending: Ending) {
    const interrupted = await this.#asked.ask('recover', ending);
    logInterrupted(this.#options.log, interrupted);
    return interrupted;
  }

  workPort(share?: ThreadShare): MessagePort {
    const { port1, port2 } = new MessageChannel();
    // If the thread is gone, so is the other end of the port, and a new one comes with the next thread.
    this.#calls?.ask('connectHandlers', port1, share).catch(() => {});
    return port2;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#batches.stop();
    await this.#asked.ask('close');
    await this.#calls?.gone();
  }

  get #asked(): ThreadCalls<InboxCalls> {
    if (!this.#calls) throw new Error('the inbox is not open');
    return this.#calls;
  }

  #hear(message: FromInbox): void {
    const { log, onRestart } = this.#options;
    if (message.kind === 'kept' || message.kind === 'failed') this.#batches.heed(message);
    else if (message.kind === 'interrupted') logInterrupted(log, message.interrupted);
    else if (message.kind === 'circuit') logCircuit(log, message);
    else if (message.kind === 'waits') {
      log.warn({}, `the inbox cannot be opened yet: waiting for ${message.waitsFor}`);
    } else if (message.kind === 'trouble') {
      this.#trouble = message.trouble;
      logTrouble(log, message.trouble);
    } else if (message.kind === 'lost') {
      log.error({ reason: message.reason }, 'what is being handled may be taken over by others');
      onRestart();
    } else if (message.kind === 'writes') {
      this.#writes = message.taken;
      if (message.taken) log.info({}, 'the inbox takes writes again');
      else log.error({ reason: message.reason }, 'the inbox does not take writes');
    }
  }

  #lose(worker: Worker, cause: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#calls = undefined;
    this.#writes = false;
    this.#batches.failAll(`the inbox thread has ended: ${cause}`);
    if (this.#closing || !this.#opened) return;
    if (this.#trouble?.kind === 'gone') {
      // A new thread would begin with an empty inbox, as if nothing had been there.
      this.#options.log.error({ reason: cause }, 'the inbox thread has ended, and its files are gone');
      return;
    }
    this.#options.log.error({ reason: cause }, 'the inbox thread has ended; a new one is started');
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
