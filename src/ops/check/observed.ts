/** Checks that are only observed: what they would have refused, so that it is known when they can be enforced. */

import type { Config } from '../../serve/config/config.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import type { Scheme } from '../../verify/schemes.ts';
import { type Evidence, eventsOf, lastOnes, type RecentEvent } from './evidence.ts';
import { type Finding, warn } from './finding.ts';

export function observedFindings({ sources }: Config, evidence: Evidence): Finding[] {
  return sources.flatMap((source) => {
    const events = eventsOf(source, evidence);
    return source.observed.map((scheme) => observedFinding(source, scheme, events));
  });
}

function observedFinding(
  { name, prefix }: SourceConfig,
  scheme: Scheme,
  events: readonly RecentEvent[],
): Finding {
  const outcomes = events.flatMap(({ proofs }) => proofs.filter((proof) => proof.scheme === scheme));
  const codes = new Map<string, number>();
  for (const { wouldRefuse } of outcomes) {
    if (wouldRefuse !== undefined) codes.set(wouldRefuse, (codes.get(wouldRefuse) ?? 0) + 1);
  }
  const subject = `${name} ${scheme}`;
  const observed = `${scheme} is only observed`;
  if (outcomes.length === 0)
    return warn(subject, `${observed}, and no event has come since that shows its effect`);
  const refused = [...codes.values()].reduce((sum, count) => sum + count, 0);
  if (refused === 0) {
    const fix = `Take it out of ${prefix}_OBSERVE to enforce it`;
    return warn(subject, `${observed}: it would have refused none of ${lastOnes(outcomes.length)}. ${fix}`);
  }
  const why = [...codes].map(([code, count]) => `${count} ${code}`).join(', ');
  const says = `${observed}: it would have refused ${refused} of ${lastOnes(outcomes.length)} (${why})`;
  return warn(subject, `${says}. Enforce it once genuine ones pass`);
}
