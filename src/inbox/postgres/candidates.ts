/** A batch of arrivals as they would be stored, and the one statement that stores those that are new. Part of receipt.ts. */
import type { Arrival } from '../contract.ts';
import type { WorkState } from '../event-states.ts';
import type { Content } from '../identity.ts';
import { bigintList, booleanList, bytesList, textList } from './binary-array.ts';
import type { Asked } from './connection.ts';

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

/** Stores a whole batch, and what is to be done with it. */
export const KEEP = {
  name: 'keep',
  text: `WITH fresh AS (
    INSERT INTO keys (identity, number, digest)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])
    ON CONFLICT (identity) DO NOTHING
    RETURNING number
  ), stored AS (
    INSERT INTO inbox (number, received_at, source, type, external_id, is_json, held, address, headers, evidence, body)
    SELECT given.* FROM unnest($2::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[],
      $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[]) AS given (number)
    WHERE (number IN (SELECT number FROM fresh)) IS TRUE
  ), planned AS (
    INSERT INTO work (event, handler, state, attempts, due, alone, behind, owner)
    SELECT event, handler, state, (state = 'handling')::int, 0, false, false, CASE WHEN state = 'handling' THEN $17::bigint END
    FROM unnest($14::bigint[], $15::text[], $16::text[]) AS planned (event, handler, state)
    WHERE (event IN (SELECT number FROM fresh)) IS TRUE
  )
  SELECT number FROM fresh`,
};

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

export const KNOWN = {
  name: 'known',
  text: 'SELECT identity, number, digest FROM keys WHERE identity = ANY ($1::bytea[])',
};

export const NAMES = {
  name: 'names',
  text: 'SELECT number, type, external_id AS "externalId" FROM inbox WHERE number = ANY ($1::bigint[])',
};

export interface Key {
  readonly identity: Buffer;
  readonly number: number;
  readonly digest: Buffer;
}

/** Answers with the key under which an identity is known. */
export async function findKeys(
  asked: Asked,
  candidates: readonly Candidate[],
): Promise<(identity: Buffer) => Key> {
  const known = await findKnown(
    asked,
    candidates.map(({ identity }) => identity),
  );
  return (identity) => {
    const key = known.get(identity.toString('hex'));
    if (!key) throw new Error('what it repeats was purged at this very moment');
    return key;
  };
}

/** The keys that there are, by their identities in hex. */
export async function findKnown(
  asked: Asked,
  identities: readonly Buffer[],
): Promise<ReadonlyMap<string, Key>> {
  if (identities.length === 0) return new Map();
  const { rows } = await asked.query<Key>({ ...KNOWN, values: [bytesList(identities)] });
  return new Map(rows.map((row) => [row.identity.toString('hex'), row]));
}

interface NamedEvent {
  readonly number: number;
  readonly type: string | null;
  readonly externalId: string | null;
}

/** Of events by their numbers; those that are purged are left out. */
export async function findNames(
  asked: Asked,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, NamedEvent>> {
  if (numbers.length === 0) return new Map();
  const { rows } = await asked.query<NamedEvent>({ ...NAMES, values: [bigintList(numbers)] });
  return new Map(rows.map((row) => [row.number, row]));
}

/** By the numbers of their events; those that are purged are left out. */
export async function findEvidence(asked: Asked, keys: readonly Key[]): Promise<ReadonlyMap<number, string>> {
  if (keys.length === 0) return new Map();
  const { rows } = await asked.query<{ number: number; evidence: string }>(
    'SELECT number, evidence FROM inbox WHERE number = ANY ($1::bigint[])',
    [bigintList(keys.map(({ number }) => number))],
  );
  return new Map(rows.map(({ number, evidence }) => [number, evidence]));
}
