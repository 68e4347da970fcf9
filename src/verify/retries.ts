/**
 * Says what becomes of an event at the provider when our answer is not a good one, in the words of its preset's `retries`. For
 * alarms and `check`. What no page of the provider says is said to be not known.
 */
import type { Preset } from './preset.ts';

/** Answers that providers take for trouble of the receiver's own, which may pass. */
const TROUBLE = [408, 429];

type Answered = Pick<Preset, 'title' | 'retries'>;

/** Whether the provider is known to take this answer for its last word. */
export function isLost({ retries }: Pick<Preset, 'retries'>, status: number): boolean {
  if (!retries || retries.after === 'anything') return false;
  return retries.after === 'nothing' || !(status >= 500 || TROUBLE.includes(status));
}

/** As in `Shippo gives up after 20 seconds`. `durationOf` says a time in words. */
export function providerFate(
  { title, retries }: Answered,
  status: number,
  durationOf: (ms: number) => string,
): string {
  if (!retries) return `whether ${title} tries again is not known`;
  const { after, forMs, afterwards } = retries;
  if (after === 'nothing') return `${title} does not try again: lost`;
  if (isLost({ retries }, status)) return `${title} takes ${status} for a last word: lost`;
  if (forMs === undefined) return `${title} tries again, for how long is not known`;
  if (afterwards === undefined) return `${title} gives up after ${durationOf(forMs)}`;
  return `${title} tries for ${durationOf(forMs)}, then ${afterwards}`;
}
