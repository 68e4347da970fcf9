/** What the inbox knows of secrets, by their fingerprints: when each was used, how often, and which may go. For slots.ts and the console. */
import { ago, DAY_MS } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { Database, SecretUse } from '../../inbox/contract.ts';
import { driverOf } from '../../inbox/driver.ts';
import type { InboxReader } from '../../inbox/reader.ts';
import { fingerprintOf, keyFingerprint } from '../../verify/fingerprint.ts';
import type { Fingerprints } from '../stored-proofs.ts';

export type RecordedUse = Pick<SecretUse, 'count' | 'lastAt'>;

/** What `read` finds in the inbox; `nothing` if the inbox is not there yet, or is of an older version that kept none of it. */
export async function readRecorded<T>(
  database: Database,
  nothing: T,
  read: (reader: InboxReader) => Promise<T>,
): Promise<T> {
  const reader = await driverOf(database).openReader();
  if (!reader) return nothing;
  try {
    return await read(reader);
  } catch (error) {
    if (/no such (table|column)/.test((error as Error).message)) return nothing;
    throw error;
  } finally {
    await reader.close();
  }
}

/** What the inbox knows of secrets. */
export interface KnownSecrets {
  readonly uses: readonly SecretUse[];
  readonly fingerprints: Fingerprints;
}

export const NOTHING_KNOWN: KnownSecrets = { uses: [], fingerprints: () => undefined };

export async function readKnown(database: Database): Promise<KnownSecrets> {
  return await readRecorded(database, NOTHING_KNOWN, readKnownIn);
}

export async function readKnownIn(reader: InboxReader): Promise<KnownSecrets> {
  return { uses: await reader.secretUses(), fingerprints: await readFingerprints(reader) };
}

export async function readFingerprints(reader: InboxReader): Promise<Fingerprints> {
  return fingerprintsBy(await reader.fingerprintKey());
}

export function fingerprintsBy(key: string | undefined): Fingerprints {
  return (secret) => (key === undefined ? undefined : keyFingerprint(key, fingerprintOf(secret)));
}

/** Of the live secrets of one scheme of one source, the newest first. */
export function usesOf(
  values: readonly string[],
  { source, scheme }: Pick<SecretUse, 'source' | 'scheme'>,
  { uses, fingerprints }: KnownSecrets,
  now: number,
) {
  const its = uses.filter((use) => use.source === source && use.scheme === scheme);
  const used = values.map((value) => {
    const secret = fingerprints(value);
    return { secret, use: sumOfUses(its.filter((use) => use.secret === secret)) };
  });
  const currentUse = used[0]?.use;
  return used.map(({ secret, use }, at) => {
    const isPast = use !== undefined && now - use.lastAt >= DAY_MS;
    const mayGo = at > 0 && isPast && currentUse !== undefined && currentUse.lastAt > use.lastAt;
    return { secret, use, currentUse, mayGo };
  });
}

/** Undefined if there is none. */
export function sumOfUses(uses: readonly SecretUse[]): RecordedUse | undefined {
  if (uses.length === 0) return undefined;
  const count = uses.reduce((sum, use) => sum + use.count, 0);
  return { count, lastAt: Math.max(...uses.map(({ lastAt }) => lastAt)) };
}

export function sayUse(use: RecordedUse | undefined, now: number): string {
  if (!use) return 'not used yet';
  return `last used ${ago(use.lastAt, now)}, ${counted(use.count, 'time')} in all`;
}
