/**
 * The alarm `refusals`: within the last minutes too large a part of a source's requests was turned away as unproven or from
 * outside (401, 403). Anyone can send what is refused, so the words say whether anything still passes.
 */
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import {
  type AlarmFinding,
  type AlarmRule,
  clockTimeOf,
  durationOf,
  type Look,
  type WatchedSource,
} from './alarm.ts';
import type { RequestCounts } from './tally.ts';

/** The counts of one look. */
interface LookCounts extends RequestCounts {
  readonly at: number;
}

interface RefusalsMemory {
  /** For each source the counts of each look, as far back as the window goes. */
  readonly looks: Map<string, readonly LookCounts[]>;
}

export const refusalsAlarm: AlarmRule<RefusalsMemory> = {
  kind: 'refusals',
  memory: () => ({ looks: new Map() }),
  find(look, { looks }) {
    const from = look.now - look.knobs.windowMs;
    return look.sources.flatMap((source) => {
      const tally = look.tallyOf(source.name);
      const all = [...(looks.get(source.name) ?? []), { ...tally.takeCounts(), at: look.now }];
      const inside = all.filter(({ at, taken, refused }) => at > from && (taken > 0 || refused.size > 0));
      looks.set(source.name, inside);
      return refusalsFinding(source, sumOfLooks(inside), tally.refusedSince, look);
    });
  },
};

function refusalsFinding(
  source: WatchedSource,
  { taken, refused }: RequestCounts,
  since: number | undefined,
  { knobs: { windowMs, refusalsLeast, refusalRatio }, now }: Look,
): AlarmFinding[] {
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

function sumOfLooks(looks: readonly RequestCounts[]): RequestCounts {
  const sum: RequestCounts = { taken: 0, refused: new Map() };
  for (const { taken, refused } of looks) {
    sum.taken += taken;
    for (const [code, count] of refused) sum.refused.set(code, (sum.refused.get(code) ?? 0) + count);
  }
  return sum;
}
