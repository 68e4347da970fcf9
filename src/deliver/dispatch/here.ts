/**
 * Runs handlers and `reply` functions in this process, beside whatever else it does: for a service inside somebody's application,
 * whose handlers are closures over its pools. Has the duties of the supervisor, and none of its powers: a handler that does not
 * yield keeps the whole process waiting, and what it throws when nobody can catch it is the application's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import type { Delivery } from '../../inbox/contract.ts';
import { workThrough } from '../../inbox/messages.ts';
import { PROCESS_ENDED } from '../../inbox/retry.ts';
import { noTimes, placeOf } from '../../inbox/tallies.ts';
import type { Reply } from '../handler.ts';
import { sourceNameOf, wiredHandlers } from '../handlers.ts';
import type { QuarantinedHandler } from './apart.ts';
import { eventOf, type Surroundings } from './attempt.ts';
import { Dispatcher } from './dispatcher.ts';
import { Pulse } from './pulse.ts';
import { failedReply, type ReplyResult, runReply } from './reply.ts';
import type { Supervisor } from './supervisor.ts';
import type { SupervisorOptions } from './threads.ts';

const RETRY_MS = 1_000;

/** Who gives events to their handlers: in threads, or here. */
export type HandlerRunner = Pick<Supervisor, 'start' | 'stop' | 'ask' | 'quarantined' | 'renew' | 'refresh'>;

export class HandlersHere implements HandlerRunner {
  readonly #options: Omit<SupervisorOptions, 'wiring'>;
  readonly #surroundings: Surroundings;
  #dispatcher: Dispatcher | undefined;
  #port: MessagePort | undefined;
  #stopping = false;
  /** Another number each time the inbox was lost. */
  #era = 0;

  constructor(options: Omit<SupervisorOptions, 'wiring'>) {
    this.#options = options;
    this.#surroundings = { log: options.log, development: options.logOptions.pretty };
  }

  async start(): Promise<void> {
    if (!this.#options.dispatches) return;
    const era = this.#era;
    await this.#options.inbox.recover(PROCESS_ENDED);
    if (era === this.#era) this.#dispatch();
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (!this.#dispatcher) return;
    await this.#options.inbox.pause().catch(() => {});
    await this.#end(graceMs);
  }

  async ask(delivery: Delivery, withinMs: number): Promise<ReplyResult> {
    const event = eventOf(delivery);
    const source = this.#options.sources.find((one) => sourceNameOf(one) === event.source);
    if (!source?.reply) return failedReply('the source has no reply function');
    return await runReply(source.reply as Reply, event, Date.now() + withinMs, this.#surroundings);
  }

  quarantined(): QuarantinedHandler[] {
    return [];
  }

  /** What runs cannot be ended: it is told to, and what it says from then on is not heard. */
  async renew(): Promise<void> {
    const { dispatches, inbox, log } = this.#options;
    if (!dispatches) return;
    const era = ++this.#era;
    await this.#end(0);
    for (let isDone = false; !isDone && era === this.#era && !this.#stopping; ) {
      try {
        await inbox.recover({ ended: 'inbox', reason: 'the inbox thread ended' });
        this.#dispatch();
        isDone = true;
      } catch (error) {
        log.error({ reason: (error as Error).message }, 'handlers get nothing yet');
        await sleep(RETRY_MS);
      }
    }
  }

  /** It sees the environment of this process as it is. */
  async refresh(): Promise<void> {}

  #dispatch(): void {
    const { inbox, sources, knobs, onAttempts } = this.#options;
    const handlers = wiredHandlers(sources, knobs);
    this.#port = inbox.workPort();
    this.#dispatcher = new Dispatcher({
      handlers,
      work: workThrough(this.#port),
      knobs,
      surroundings: this.#surroundings,
      pulse: new Pulse([...handlers.keys()]),
      suspects: new Map(),
      onCleared() {},
      onSettled(handler, outcome, ms) {
        const times = noTimes();
        const place = placeOf(ms);
        if (place !== undefined) times[place] = 1;
        onAttempts(handler, outcome, 1, times);
      },
    });
    const slots = [...handlers.values()].map(({ route, concurrency }) => [route.target, concurrency]);
    this.#dispatcher.start(Object.fromEntries(slots));
  }

  async #end(graceMs: number): Promise<void> {
    await this.#dispatcher?.stop(graceMs);
    this.#dispatcher = undefined;
    this.#port?.close();
  }
}
