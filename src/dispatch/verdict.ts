/**
 * What follows from how an attempt went. The one place that decides it, for attempts that ended by themselves and for
 * those whose thread or process ended under them.
 *
 *   returned            done
 *   threw Discard       discarded, never again
 *   threw RetryLater    pending, due later, not counted
 *   anything else       pending after a backoff; dead once maxAttempts are counted
 */
import { Discard, RetryLater, wordsOf } from '../errors.ts';
import { redactText } from '../observability/redact.ts';
import type { ServiceKnobs, Settlement } from '../types.ts';
import { backoffMs } from './backoff.ts';

const LATER_MAX_MS = 30 * 86_400_000;
const ERROR_MAX = 1_000;

export type Verdict = Pick<Settlement, 'state' | 'due' | 'counted' | 'error'>;

export const DONE: Verdict = { state: 'done', due: 0, counted: true, error: null };

export function verdictOn(
  error: unknown,
  attempt: number,
  maxAttempts: number,
  backoff: ServiceKnobs['backoff'],
  now: number,
): Verdict {
  const text = redactText(wordsOf(error), ERROR_MAX);
  if (error instanceof Discard) return { state: 'discarded', due: 0, counted: true, error: text };
  if (error instanceof RetryLater) {
    return {
      state: 'pending',
      due: now + Math.min(error.delayMs, LATER_MAX_MS),
      counted: false,
      error: text,
    };
  }
  if (attempt >= maxAttempts) return { state: 'dead', due: 0, counted: true, error: text };
  const due = now + backoffMs(attempt, backoff.baseMs, backoff.capMs);
  return { state: 'pending', due, counted: true, error: text };
}
