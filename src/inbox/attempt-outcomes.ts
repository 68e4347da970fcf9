/** The words for how attempts ended, in the log, the metrics, the tallies and `events show`. */
import type { Settlement } from './contract.ts';

/** One word for how an attempt went, as in the log, the metrics and `events show`. */
export const ATTEMPT_OUTCOMES = ['done', 'retry', 'later', 'dead', 'discarded'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export function outcomeOf({ state, counted }: Pick<Settlement, 'state' | 'counted'>): AttemptOutcome {
  return state === 'pending' ? (counted ? 'retry' : 'later') : state;
}
