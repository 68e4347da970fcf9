/** What a batch of arrivals would be stored as, and the one statement that stores it. Part of receipt.ts. */
import type { Arrival, WorkState } from '../contract.ts';
import type { Content } from '../identity.ts';
import { bigintList, booleanList, bytesList, textList } from './binary-array.ts';
import { type Asked, KEEP } from './statements.ts';

/** One arrival, as it would be stored. */
export interface Draft {
  readonly arrival: Arrival;
  readonly content: Content;
  readonly identity: Buffer;
  readonly held: string | null;
  readonly number: number;
  readonly plans: Plan[];
}

export interface Plan {
  readonly handler: string;
  readonly state: WorkState;
}

/** Answers with the numbers of those that are new. In the order of their keys: two batches never wait for each other. */
export async function insert(
  asked: Asked,
  unordered: readonly Draft[],
  owner: number | undefined,
): Promise<Set<number>> {
  const drafts = unordered.toSorted((one, other) => one.identity.compare(other.identity));
  const plans = drafts.flatMap(({ number, plans }) => plans.map((plan) => ({ ...plan, number })));
  const { rows } = await asked.query<{ number: number }>({
    ...KEEP,
    values: [
      bytesList(drafts.map(({ identity }) => identity)),
      bigintList(drafts.map(({ number }) => number)),
      bytesList(drafts.map(({ content }) => content.digest)),
      bigintList(drafts.map(({ arrival }) => arrival.receivedAt)),
      textList(drafts.map(({ arrival }) => arrival.source)),
      textList(drafts.map(({ content }) => content.type)),
      textList(drafts.map(({ content }) => content.externalId)),
      booleanList(drafts.map(({ content }) => content.isJson)),
      textList(drafts.map(({ held }) => held)),
      textList(drafts.map(({ arrival }) => arrival.address)),
      textList(drafts.map(({ arrival }) => arrival.headers)),
      textList(drafts.map(({ arrival }) => arrival.evidence)),
      bytesList(drafts.map(({ content }) => content.stored)),
      bigintList(plans.map(({ number }) => number)),
      textList(plans.map(({ handler }) => handler)),
      textList(plans.map(({ state }) => state)),
      owner ?? null,
    ],
  });
  return new Set(rows.map(({ number }) => number));
}
