/**
 * Runs attempts and settles them. Lives in the handlers' thread; slots, retries and due times are the inbox's business.
 *
 * Each handler is granted its concurrency once; a settlement gives its slot back. Settlements of one turn of the event
 * loop travel together.
 */
import { redactText } from '../../base/log/redact.ts';
import type { UnavailableTarget } from '../../inbox/circuit.ts';
import type { Delivery, Settlement, Work } from '../../inbox/contract.ts';
import { outcomeOf } from '../../inbox/event-states.ts';
import { type AttemptResult, Discard, RetryLater, Unavailable } from '../handler.ts';
import type { DeliveryKnobs, WiredHandler } from '../handlers.ts';
import {
  type Attempt,
  type AttemptVerdict,
  DONE,
  eventOf,
  judgeAttempt,
  type Surroundings,
  startAttempt,
} from './attempt.ts';
import { type Failed, failedWith } from './failure.ts';
import { FailureLog } from './failure-log.ts';
import type { Pulse } from './pulse.ts';
import { Turns } from './turns.ts';

interface DispatcherOptions {
  readonly handlers: ReadonlyMap<string, WiredHandler>;
  readonly work: Work;
  readonly knobs: Pick<DeliveryKnobs, 'backoff'>;
  readonly surroundings: Surroundings;
  readonly pulse: Pulse;
  /** Events by handler. */
  readonly suspects: ReadonlyMap<string, readonly number[]>;
  /** A suspect has run, and the thread is still there. */
  readonly onCleared: (handler: string, event: number) => void;
  readonly onSettled: (handler: string, outcome: string, ms: number) => void;
}

const STATUS_MAX = 40;
const OUTPUT_MAX = 1_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #failures: FailureLog;
  readonly #running = new Set<Attempt>();
  #settled: Settlement[] = [];
  #flushPlanned = false;
  readonly #turns = new Turns((delivery, isAlone) => void this.#run(delivery, isAlone));
  #cuttingOff = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#failures = new FailureLog(options.surroundings.log);
    for (const [handler, events] of options.suspects) this.#turns.suspect(handler, events);
    options.work.onDeliveries((deliveries) => this.#turns.take(deliveries));
  }

  /** `grant`: slots by target. */
  start(grant: Readonly<Record<string, number>>): void {
    if (Object.keys(grant).length > 0) this.#options.work.send([], grant);
  }

  suspect(handler: string, events: readonly number[]): void {
    this.#turns.suspect(handler, events);
  }

  /** Waits for running attempts, then aborts them, then gives them back uncounted. */
  async stop(graceMs: number): Promise<void> {
    this.#options.work.drain();
    this.#giveBackWaiting();
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
    this.#failures.summarise();
    this.#flush();
  }

  async #run(delivery: Delivery, isAlone: boolean): Promise<void> {
    const { handlers, knobs, surroundings, pulse } = this.#options;
    const handler = handlers.get(delivery.handler) as WiredHandler;
    const { handle, timeLimitMs } = handler;
    // What has ended before it may not be lost with it.
    if (isAlone) this.#flush();
    if (!pulse.begin(delivery)) return this.#turns.end(delivery, isAlone);
    const startedAt = Date.now();
    const started = performance.now();
    const { attempt, ended } = startAttempt(
      eventOf(delivery),
      delivery.handler,
      handle,
      timeLimitMs,
      surroundings,
    );
    if (!isAlone) pulse.end();
    this.#running.add(attempt);
    let verdict: AttemptVerdict = DONE;
    let unavailable: UnavailableTarget | undefined;
    let failed: Failed | undefined;
    try {
      await ended;
    } catch (error) {
      const now = Date.now();
      unavailable = unavailableTarget(error);
      verdict = judgeAttempt(error, delivery.attempt, handler.maxAttempts, knobs.backoff, now);
      if (verdict.state !== 'discarded') failed = failedWith(error, delivery.handler, verdict.error ?? '');
      // Cut off by the service stopping: it runs again at once after the start, and is not counted. A handler's own word on
      // its attempt holds even then.
      if (this.#cuttingOff && !(error instanceof Discard || error instanceof RetryLater)) {
        verdict = { state: 'pending', due: now, counted: false, error: verdict.error };
        failed = undefined;
      }
    }
    this.#running.delete(attempt);
    if (isAlone) {
      pulse.end();
      this.#options.onCleared(delivery.handler, delivery.event);
    }
    const settlement: Settlement = {
      ...verdict,
      ...(failed && { error: failed.text, cause: failed.cause }),
      ...shortenResult(attempt.result),
      ...(unavailable && { unavailable }),
      startedAt,
      ms: Math.round(performance.now() - started),
      alone: false,
      event: delivery.event,
      handler: delivery.handler,
      attempt: delivery.attempt,
    };
    this.#settle(attempt, settlement, failed);
    this.#turns.end(delivery, isAlone);
  }

  /** What did not begin is as if it had never been handed out. */
  #giveBackWaiting(): void {
    const now = Date.now();
    const back = { state: 'pending', due: now, counted: false, error: 'it had not begun' } as const;
    const nothing = { alone: false, startedAt: now, ms: 0, status: null, output: null };
    for (const { event, handler, attempt } of this.#turns.giveUp())
      this.#settled.push({ ...back, ...nothing, cut: true, event, handler, attempt });
  }

  #settle(attempt: Attempt, settlement: Settlement, failed: Failed | undefined): void {
    const outcome = outcomeOf(settlement);
    const { surroundings, onSettled } = this.#options;
    const { log } = surroundings;
    const { handler, state, status, ms, error: reason } = settlement;
    const said = status !== null && { status };
    const fields = { eventId: attempt.eventId, attempt: settlement.attempt, outcome, ms, ...said };
    const due = state === 'pending' && { dueInMs: Math.max(0, settlement.due - Date.now()) };
    if (state === 'done') log.info({ handler, ...fields });
    else if (failed) this.#failures.note({ handler, outcome, fields: { ...fields, ...due }, ...failed });
    else log.warn({ handler, ...fields, reason, ...due });
    onSettled(handler, outcome, ms);
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

/** What is kept of a result: it may come from the other side. */
export function shortenResult({ status, output }: AttemptResult): Pick<Settlement, 'status' | 'output'> {
  return {
    status: status === undefined ? null : redactText(String(status), STATUS_MAX),
    output: output === undefined ? null : redactText(String(output), OUTPUT_MAX),
  };
}
