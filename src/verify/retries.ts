/**
 * Says what becomes of an event at the provider when our answer is not a good one, in the words of its preset's `retries`. For
 * alarms and `check`. What no page of the provider says is said to be not known.
 */
import type { Preset } from './preset.ts';

/** What a provider does about an event that it got no good answer for, as far as its own pages say so. */
export interface Retries {
  /** `nothing`; `trouble` is what a receiver says of itself (408, 429, 5xx, no answer); `anything` but the answer it wants. */
  readonly after: 'nothing' | 'trouble' | 'anything';
  /** From the first try to the last. Left out: nobody says. */
  readonly forMs?: number;
  /** It is not waited longer than this for an answer. Left out: nobody says. */
  readonly waitsMs?: number;
  /** What it does when the last try has failed, as a sentence goes on: `switches the webhook off`. */
  readonly afterwards?: string;
}

export const RETRIES_FIX =
  "Write { after: 'nothing', 'trouble' or 'anything', forMs, waitsMs, afterwards }, without what is not known.";

const isTime = (given: unknown) => given === undefined || (Number.isSafeInteger(given) && Number(given) >= 0);
export const isRetries = (given: unknown) => {
  const { after, forMs, waitsMs, afterwards } = (given ?? {}) as Partial<Retries>;
  const isKnown = ['nothing', 'trouble', 'anything'].includes(after as string);
  return (
    isKnown &&
    isTime(forMs) &&
    isTime(waitsMs) &&
    (afterwards === undefined || (typeof afterwards === 'string' && afterwards !== ''))
  );
};

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
