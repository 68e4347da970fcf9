/**
 * Runs attempts and settles them. Lives in the handlers' thread; slots, retries and due times are the inbox's business.
 *
 * Each handler is granted its concurrency once; a settlement gives its slot back. Settlements of one turn of the event
 * loop travel together.
 */

import type { Log } from '../../base/log/log.ts';
import { redactText } from '../../base/log/redact.ts';
import type { UnavailableTarget } from '../../inbox/circuit.ts';
import type { Delivery, Route, Settlement, Work } from '../../inbox/contract.ts';
import { outcomeOf } from '../../inbox/contract.ts';
import type { AttemptResult, Handle, HandlerLimits } from '../handler.ts';
import { Discard, RetryLater, Unavailable } from '../handler.ts';
import type { DeliveryKnobs } from '../handlers.ts';
import { type Attempt, eventOf, startAttempt } from './attempt.ts';
import { type AttemptVerdict, DONE, judgeAttempt } from './verdict.ts';

export interface RunnableHandler extends HandlerLimits {
  readonly route: Route;
  readonly handle: Handle;
}

export interface DispatcherOptions {
  /** By full name, `source/handler`. */
  readonly handlers: ReadonlyMap<string, RunnableHandler>;
  readonly work: Work;
  readonly knobs: Pick<DeliveryKnobs, 'backoff'>;
  readonly log: Log;
  readonly onSettled: (handler: string, outcome: string) => void;
}

const STATUS_MAX = 40;
const OUTPUT_MAX = 1_000;

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
    const handlers = [...this.#options.handlers.values()];
    const grant = Object.fromEntries(handlers.map(({ route, concurrency }) => [route.target, concurrency]));
    this.#options.work.send([], grant);
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
    const { handlers, knobs, log } = this.#options;
    const handler = handlers.get(delivery.handler) as RunnableHandler;
    const startedAt = Date.now();
    const started = performance.now();
    const { handle, timeLimitMs } = handler;
    const { attempt, ended } = startAttempt(eventOf(delivery), delivery.handler, handle, timeLimitMs, log);
    this.#running.add(attempt);
    let verdict: AttemptVerdict = DONE;
    let unavailable: UnavailableTarget | undefined;
    try {
      await ended;
    } catch (error) {
      const now = Date.now();
      unavailable = unavailableTarget(error);
      verdict = judgeAttempt(error, delivery.attempt, handler.maxAttempts, knobs.backoff, now);
      // Cut off by the service stopping: it runs again at once after the start, and is not counted.
      if (this.#cuttingOff && isFailure(error)) {
        verdict = { state: 'pending', due: now, counted: false, error: verdict.error };
      }
    }
    this.#running.delete(attempt);
    const ms = Math.round(performance.now() - started);
    const result = shortenResult(attempt.result);
    this.#settle(attempt, {
      ...verdict,
      ...result,
      ...(unavailable && { unavailable }),
      startedAt,
      ms,
      alone: false,
      ...keyOf(delivery),
    });
  }

  #settle(attempt: Attempt, settlement: Settlement): void {
    const outcome = outcomeOf(settlement);
    const { handler, state, status, error, ms } = settlement;
    const line = {
      handler,
      eventId: attempt.eventId,
      attempt: settlement.attempt,
      outcome,
      ms,
      ...(status !== null && { status }),
    };
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

function unavailableTarget(error: unknown): UnavailableTarget | undefined {
  if (!(error instanceof Unavailable)) return undefined;
  return error.restMs === undefined ? {} : { restMs: error.restMs };
}

/** A handler's own word on its attempt holds even then. */
function isFailure(error: unknown): boolean {
  return !(error instanceof Discard || error instanceof RetryLater);
}

/** What is kept of a result: it may come from the other side. */
export function shortenResult({ status, output }: AttemptResult): Pick<Settlement, 'status' | 'output'> {
  return {
    status: status === undefined ? null : redactText(String(status), STATUS_MAX),
    output: output === undefined ? null : redactText(String(output), OUTPUT_MAX),
  };
}

function keyOf({ event, handler, attempt }: Delivery) {
  return { event, handler, attempt };
}

function dueIn(settlement: Settlement): number {
  return Math.max(0, settlement.due - Date.now());
}
