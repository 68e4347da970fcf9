/**
 * Arrivals whose signed material is known: each is a duplicate of the event that had the same unsigned names, or under other
 * ones an event of its own (../shape.ts has the rule). Called by receipt.ts, which stores what is new.
 */
import type { Kept } from '../contract.ts';
import { idOf } from '../event-id.ts';
import { hasNames, namedIdentities, overNamedIdentity } from '../identity.ts';
import { whyHeldNamed, whyWarned } from '../shape.ts';
import { type Candidate, findKnown, findNames, type Key } from './candidates.ts';
import type { Asked } from './connection.ts';

export type Unnumbered = Omit<Candidate, 'number'>;

const NOTHING = { candidates: [], fresh: new Set<number>() };

/** What is to be stored of an arrival, or what it repeats. */
interface NamedPlan {
  readonly one: Unnumbered;
  readonly duplicateOf?: number;
  readonly warning: string;
}

/** Stores what is new of a list, which it answers in the same order. */
export type StoreNew = (unnumbered: readonly Unnumbered[]) => Promise<{
  readonly candidates: readonly Candidate[];
  readonly fresh: ReadonlySet<number>;
}>;

export async function keepNamed<One extends Unnumbered>(
  asked: Asked,
  ones: readonly One[],
  store: StoreNew,
): Promise<Map<One, Kept>> {
  const kept = new Map<One, Kept>();
  // Another one may take a key at the same moment. Each round sees at least one more taken, and there are few.
  for (let open = ones; open.length > 0; open = open.filter((one) => !kept.has(one))) {
    const plans = await planNamed(asked, open);
    const isNew = ({ duplicateOf }: NamedPlan) => duplicateOf === undefined;
    const unknown = plans.filter(isNew).map(({ one }) => one);
    const { candidates, fresh } = unknown.length > 0 ? await store(unknown) : NOTHING;
    const stored = candidates.values();
    for (const [at, plan] of plans.entries()) {
      const one = open[at] as One;
      if (plan.duplicateOf !== undefined) {
        kept.set(one, { outcome: 'duplicate', id: idOf(plan.duplicateOf) });
        continue;
      }
      const { number, held } = stored.next().value as Candidate;
      if (fresh.has(number)) kept.set(one, keptNamed(idOf(number), held, plan.warning));
    }
  }
  return kept;
}

function keptNamed(id: string, held: string | null, warning: string): Kept {
  return held === null ? { outcome: 'accepted', id, warning } : { outcome: 'held', id, reason: held };
}

async function planNamed(asked: Asked, ones: readonly Unnumbered[]): Promise<NamedPlan[]> {
  const keysOf = (one: Unnumbered) => namedIdentities(one.arrival.source, one.content);
  const overOf = (one: Unnumbered) => overNamedIdentity(one.arrival.source, one.content);
  const known = await findKnown(
    asked,
    ones.flatMap((one) => [...keysOf(one), overOf(one)]),
  );
  const names = await findNames(
    asked,
    [...known.values()].map(({ number }) => number),
  );
  const keyAt = (identity: Buffer): Key | undefined => known.get(identity.toString('hex'));
  return ones.map((one) => {
    const identities = keysOf(one);
    const same = identities.map(keyAt).find((key) => key && hasNames(one.content, names.get(key.number)));
    const free = identities.find((identity) => keyAt(identity) === undefined);
    const identity = free ?? overOf(one);
    const first = idOf(keyAt(identities[0] as Buffer)?.number ?? 0);
    const duplicateOf = (same ?? keyAt(identity))?.number;
    const held = one.held ?? (free ? null : whyHeldNamed(first));
    const { arrival, content } = one;
    return {
      one: { arrival, content, identity, held },
      warning: whyWarned(first),
      ...(duplicateOf !== undefined && { duplicateOf }),
    };
  });
}
