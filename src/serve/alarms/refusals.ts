/**
 * The alarm `refusals`: within the last minutes too large a part of a source's requests was turned away as unproven or from
 * outside (401, 403). Anyone can send what is refused, so the words say whether anything still passes.
 */
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { Finding, WatchedSource } from './alarm.ts';
import type { Counts, Tally } from './tally.ts';
import { clockTimeOf, durationOf } from './times.ts';

interface Bucket extends Counts {
  readonly at: number;
}

export class Refusals {
  readonly #knobs: AlarmKnobs;
  /** For each source the counts of each look, as far back as the window goes. */
  readonly #buckets = new Map<string, Bucket[]>();

  constructor(knobs: AlarmKnobs) {
    this.#knobs = knobs;
  }

  findings(sources: readonly WatchedSource[], tallyOf: (source: string) => Tally, now: number): Finding[] {
    return sources.flatMap((source) => {
      const tally = tallyOf(source.name);
      const buckets = [...(this.#buckets.get(source.name) ?? []), { ...tally.takeCounts(), at: now }];
      const inside = buckets.filter(({ at, taken, refused }) => {
        return at > now - this.#knobs.windowMs && (taken > 0 || refused.size > 0);
      });
      this.#buckets.set(source.name, inside);
      return this.#judge(source, inside, tally.refusedSince, now);
    });
  }

  #judge(
    source: WatchedSource,
    buckets: readonly Bucket[],
    since: number | undefined,
    now: number,
  ): Finding[] {
    const { windowMs, refusalsLeast, refusalRatio } = this.#knobs;
    const { taken, refused } = sumOf(buckets);
    const count = [...refused.values()].reduce((sum, one) => sum + one, 0);
    if (count < refusalsLeast || count / (taken + count) < refusalRatio) return [];
    const [code] = [...refused].reduce((most, one) => (one[1] > most[1] ? one : most));
    const { says: what, asks } = refusalOf(code);
    const share = `${count} of ${taken + count} requests in ${durationOf(windowMs)}`;
    const [when, question] =
      since === undefined
        ? ['while others pass', 'does one of several senders differ, or is somebody trying?']
        : [`all since ${clockTimeOf(since, now)}`, asks];
    const says = `${source.name}: ${what}; ${share}, ${when}: ${question}`;
    return [{ subject: source.name, says, fix: fixFor(code, source), ...(since !== undefined && { since }) }];
  }
}

function sumOf(buckets: readonly Bucket[]): Counts {
  const sum: Counts = { taken: 0, refused: new Map() };
  for (const { taken, refused } of buckets) {
    sum.taken += taken;
    for (const [code, count] of refused) sum.refused.set(code, (sum.refused.get(code) ?? 0) + count);
  }
  return sum;
}
