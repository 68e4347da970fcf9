/** A batch of arrivals as they would be stored, and the one statement that stores those that are new. Part of receipt.ts. */
import type { Arrival } from '../contract.ts';
import type { WorkState } from '../event-states.ts';
import type { Content } from '../identity.ts';
import { bigintList, booleanList, bytesList, textList } from './binary-array.ts';
import { type Asked, KEEP } from './statements.ts';

/** An arrival with the number that its event gets if it is new. */
export interface Candidate {
  readonly arrival: Arrival;
  readonly content: Content;
  readonly identity: Buffer;
  /** Why it is held; null if it is not. */
  readonly held: string | null;
  readonly number: number;
}

/** A row of `work`, for a candidate that turns out to be new. */
export interface PlannedWork {
  readonly event: number;
  readonly handler: string;
  readonly state: WorkState;
}

/** Returns the numbers of those that are new. In the order of their keys, so that no two batches wait for each other. */
export async function insertCandidates(
  asked: Asked,
  unordered: readonly Candidate[],
  work: readonly PlannedWork[],
  owner: number | undefined,
): Promise<Set<number>> {
  const candidates = unordered.toSorted((one, other) => one.identity.compare(other.identity));
  const { rows } = await asked.query<{ number: number }>({
    ...KEEP,
    values: [
      bytesList(candidates.map(({ identity }) => identity)),
      bigintList(candidates.map(({ number }) => number)),
      bytesList(candidates.map(({ content }) => content.digest)),
      bigintList(candidates.map(({ arrival }) => arrival.receivedAt)),
      textList(candidates.map(({ arrival }) => arrival.source)),
      textList(candidates.map(({ content }) => content.type)),
      textList(candidates.map(({ content }) => content.externalId)),
      booleanList(candidates.map(({ content }) => content.isJson)),
      textList(candidates.map(({ held }) => held)),
      textList(candidates.map(({ arrival }) => arrival.address)),
      textList(candidates.map(({ arrival }) => arrival.headers)),
      textList(candidates.map(({ arrival }) => arrival.evidence)),
      bytesList(candidates.map(({ content }) => content.stored)),
      bigintList(work.map(({ event }) => event)),
      textList(work.map(({ handler }) => handler)),
      textList(work.map(({ state }) => state)),
      owner ?? null,
    ],
  });
  return new Set(rows.map(({ number }) => number));
}
