/**
 * What follows from an attempt that failed: it is tried again after a while, or never. And from one that did not end by itself,
 * which both drivers settle by these rules:
 *
 *   its process ended              each counts, as it may have ended the process. It runs alone next time, unless it was its
 *                                  first attempt: the process may have been killed from outside
 *   a handlers' thread ended       the guilty attempt counts, and is tried again after a backoff. None of the others counts.
 *                                  If nobody knows which of several did it, none counts: the supervisor has each of them run
 *                                  with nothing beside it next time, in another thread
 *   we ended a handlers' thread    (the inbox's thread was lost, or the lease) none counts
 */
import { knob, notAbove } from '../base/settings/knob.ts';
import { integer, members, type ValuesOf } from '../base/settings/rules.ts';
import { DAY_MS, HOUR_MS } from '../base/times.ts';
import { causeOf } from './cause.ts';
import type { AttemptKey, Delivery, Route, Settlement } from './contract.ts';
import { idInBatch } from './event-id.ts';
import { type AttemptOutcome, outcomeOf } from './event-states.ts';
import type { InboxKnobs } from './messages.ts';

export const BACKOFF = members(
  {
    baseMs: knob(
      integer(1, DAY_MS),
      1_000,
      'a failed attempt waits a random time up to base · 2^(attempt-1)',
    ),
    capMs: knob(integer(1, 30 * DAY_MS), 6 * HOUR_MS, 'the longest such wait'),
  },
  notAbove('baseMs', 'capMs'),
);

export type Backoff = ValuesOf<(typeof BACKOFF)['table']>;

/** Exponential backoff with full jitter: a random time up to base · 2^(attempt-1), at most the cap. In milliseconds. */
export function backoffMs(attempt: number, baseMs: number, capMs: number, random = Math.random): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 40)));
}

/** Pending after a backoff; dead once `maxAttempts` are counted. */
export function afterFailure(
  attempt: number,
  maxAttempts: number,
  { baseMs, capMs }: Backoff,
  now: number,
): { state: 'pending' | 'dead'; due: number; counted: boolean } {
  if (attempt >= maxAttempts) return { state: 'dead', due: 0, counted: true };
  return { state: 'pending', due: now + backoffMs(attempt, baseMs, capMs), counted: true };
}

/** What ended while attempts were running. Said by the supervisor of the handlers' threads. */
export interface Ending {
  readonly ended: 'process' | 'handlers' | 'inbox';
  readonly reason: string;
  /** Only what ran in this thread has ended. Everything, if left out. */
  readonly thread?: number;
  /** It goes on with so many that have begun in it: only what came to it after those has ended. */
  readonly begun?: number;
  /** The attempt that is known to have brought its thread down: it alone counts. */
  readonly guilty?: Pick<AttemptKey, 'event' | 'handler'>;
}

/** An attempt whose thread or process ended under it, as it was settled. */
export interface Interrupted extends Pick<Delivery, 'id' | 'handler' | 'attempt'> {
  readonly outcome: AttemptOutcome;
  readonly reason: string;
}

export const PROCESS_ENDED: Ending = { ended: 'process', reason: 'the service ended while it ran' };

export interface InterruptionRules {
  readonly knobs: Pick<InboxKnobs, 'handler' | 'backoff'>;
  readonly routes: ReadonlyMap<string, Route>;
}

export function settleInterrupted(
  left: readonly AttemptKey[],
  { ended, reason, guilty, thread }: Ending,
  { knobs, routes }: InterruptionRules,
  now: number,
): Settlement[] {
  const isGuilty = ({ event, handler }: AttemptKey) =>
    guilty ? guilty.event === event && guilty.handler === handler : thread === undefined && left.length === 1;
  return left.map((key): Settlement => {
    const { event, batch, handler, attempt } = key;
    const maxAttempts = routes.get(handler)?.maxAttempts ?? knobs.handler.maxAttempts;
    const counts = ended === 'process' || (ended === 'handlers' && isGuilty(key));
    const { state, counted, due } = counts
      ? afterFailure(attempt, maxAttempts, knobs.backoff, now)
      : ({ state: 'pending', counted: false, due: 0 } as const);
    const isCutByOther = ended === 'handlers' && !counts;
    return {
      event,
      ...(batch != null && { batch }),
      handler,
      attempt,
      state,
      counted,
      // At once, and in its old order, unless it was guilty.
      due: ended === 'handlers' ? due : 0,
      alone: ended === 'process' && attempt > 1,
      cut: true,
      startedAt: now,
      ms: 0,
      error: isCutByOther ? `cut off, and not counted: ${blameOf(guilty)}${reason}` : reason,
      ...(counts && { cause: causeOf(handler, reason) }),
      status: null,
      output: null,
    };
  });
}

function blameOf(guilty: Ending['guilty']): string {
  return guilty ? `${guilty.handler} brought their thread down: ` : '';
}

export function interruptedOf(settled: readonly Settlement[]): Interrupted[] {
  return settled.map((settlement) => {
    const { event, batch, handler, attempt, error } = settlement;
    return {
      id: idInBatch(event, batch),
      handler,
      attempt,
      outcome: outcomeOf(settlement),
      reason: error ?? '',
    };
  });
}
