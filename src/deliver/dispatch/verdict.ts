/**
 * What follows from how an attempt ended. Of one whose thread or process ended under it, inbox/retry.ts decides.
 *
 *   returned             done
 *   threw Discard        discarded, never again
 *   threw RetryLater     pending, due later, not counted
 *   threw Unavailable    with a time: pending, due then, not counted; without: as anything else
 *   threw Declined       pending after a backoff; dead once its own maxAttempts are counted, or the handler's
 *   anything else        pending after a backoff; dead once maxAttempts are counted
 */
import { wordsOf } from '../../base/errors.ts';
import { redactText } from '../../base/log/redact.ts';
import type { Settlement } from '../../inbox/contract.ts';
import { afterFailure, type Backoff } from '../../inbox/retry.ts';
import { Declined, Discard, RetryLater, Unavailable } from '../handler.ts';

const LATER_MAX_MS = 30 * 86_400_000;
const ERROR_MAX = 1_000;

export type AttemptVerdict = Pick<Settlement, 'state' | 'due' | 'counted' | 'error'>;

export const DONE: AttemptVerdict = { state: 'done', due: 0, counted: true, error: null };

export function judgeAttempt(
  error: unknown,
  attempt: number,
  maxAttempts: number,
  backoff: Backoff,
  now: number,
): AttemptVerdict {
  const text = redactText(wordsOf(error), ERROR_MAX);
  if (error instanceof Discard) return { state: 'discarded', due: 0, counted: true, error: text };
  const laterMs = laterOf(error);
  if (laterMs !== undefined) {
    // An uncounted attempt without a pause would be one without an end.
    const pauseMs = Math.min(Math.max(laterMs, backoff.baseMs), LATER_MAX_MS);
    return { state: 'pending', due: now + pauseMs, counted: false, error: text };
  }
  const attemptsMax = error instanceof Declined ? Math.min(maxAttempts, error.maxAttempts) : maxAttempts;
  return { ...afterFailure(attempt, attemptsMax, backoff, now), error: text };
}

function laterOf(error: unknown): number | undefined {
  if (error instanceof RetryLater) return error.delayMs;
  return error instanceof Unavailable ? error.restMs : undefined;
}
