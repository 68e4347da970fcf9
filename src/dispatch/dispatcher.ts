/**
 * Runs attempts and settles them. Lives in the handlers' thread; slots, retries and due times are the inbox's business.
 *
 * Each handler is granted its concurrency once; a settlement gives its slot back. Settlements of one turn of the event
 * loop travel together.
 */
import { Discard, RetryLater } from '../errors.ts';
import type { Delivery, HandlerOptions, Log, ServiceKnobs, Settlement, Work } from '../types.ts';
import { outcomeOf } from '../types.ts';
import { type Attempt, startAttempt } from './attempt.ts';
import { DONE, type Verdict, verdictOn } from './verdict.ts';

export interface DispatcherOptions {
  /** By full name, `source/handler`. */
  readonly handlers: ReadonlyMap<string, Required<HandlerOptions>>;
  readonly work: Work;
  readonly backoff: ServiceKnobs['backoff'];
  readonly log: Log;
  readonly onSettled: (handler: string, outcome: string) => void;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Set<Attempt>();
  #settled: Settlement[] = [];
  #flushPlanned = false;
  #cuttingOff = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    options.work.onDeliveries((deliveries) => {
      for (const delivery of deliveries) void this.#run(delivery);
    });
  }

  start(): void {
    const entries = [...this.#options.handlers].map(([name, { concurrency }]) => [name, concurrency]);
    this.#options.work.send([], Object.fromEntries(entries));
  }

  /** Waits for running attempts, then aborts them, then gives them back uncounted. */
  async stop(graceMs: number): Promise<void> {
    this.#options.work.drain();
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      if (this.#running.size === 0) resolve();
    });
    const aborting = setTimeout(() => {
      this.#cuttingOff = true;
      for (const attempt of this.#running) attempt.abort(new Error('the service is stopping'));
    }, graceMs * 0.8);
    const givingUp = setTimeout(() => {
      for (const attempt of this.#running) attempt.fail(new Error('the service stopped'));
    }, graceMs);
    await idle;
    clearTimeout(aborting);
    clearTimeout(givingUp);
    this.#flush();
  }

  async #run(delivery: Delivery): Promise<void> {
    const { handlers, backoff, log } = this.#options;
    const handler = handlers.get(delivery.handler) as Required<HandlerOptions>;
    const startedAt = Date.now();
    const started = performance.now();
    const eventLog = withFields(log, { handler: delivery.handler, eventId: delivery.id });
    const { attempt, ended } = startAttempt(delivery, handler.handle, handler.timeLimitMs, eventLog);
    this.#running.add(attempt);
    let verdict: Verdict = DONE;
    try {
      await ended;
    } catch (error) {
      const now = Date.now();
      verdict = verdictOn(error, delivery.attempt, handler.maxAttempts, backoff, now);
      // Cut off by the service stopping: it runs again at once after the start, and is not counted.
      if (this.#cuttingOff && isFailure(error)) {
        verdict = { state: 'pending', due: now, counted: false, error: verdict.error };
      }
    }
    this.#running.delete(attempt);
    const ms = Math.round(performance.now() - started);
    this.#settle(attempt, { ...verdict, startedAt, ms, alone: false, ...keyOf(delivery) });
  }

  #settle(attempt: Attempt, settlement: Settlement): void {
    const outcome = outcomeOf(settlement);
    const { handler, state, error, ms } = settlement;
    const line = { handler, eventId: attempt.eventId, attempt: settlement.attempt, outcome, ms };
    if (state === 'done') this.#options.log.info(line);
    else
      this.#options.log.warn({
        ...line,
        reason: error,
        ...(state === 'pending' && { dueInMs: dueIn(settlement) }),
      });
    this.#options.onSettled(handler, outcome);
    this.#settled.push(settlement);
    if (this.#running.size === 0) this.#whenIdle?.();
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    const settled = this.#settled;
    this.#settled = [];
    if (settled.length > 0) this.#options.work.send(settled, {});
  }
}

/** A handler's own word on its attempt holds even then. */
function isFailure(error: unknown): boolean {
  return !(error instanceof Discard || error instanceof RetryLater);
}

function keyOf({ event, handler, attempt }: Delivery) {
  return { event, handler, attempt };
}

function dueIn(settlement: Settlement): number {
  return Math.max(0, settlement.due - Date.now());
}

function withFields(log: Log, fields: object): Log {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}
