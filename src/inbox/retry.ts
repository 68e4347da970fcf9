/** What follows from a failed attempt: it is tried again after a while, or never. */
import { knob, notAbove } from '../base/settings/knob.ts';
import { integer, members, type ValuesOf } from '../base/settings/rules.ts';

const DAY_MS = 86_400_000;

export const BACKOFF = members(
  {
    baseMs: knob(
      integer(1, DAY_MS),
      1_000,
      'a failed attempt waits a random time up to base · 2^(attempt-1)',
    ),
    capMs: knob(integer(1, 30 * DAY_MS), 6 * 3_600_000, 'the longest such wait'),
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
