/** Reads from the inbox when each secret of a source was used. For `check` and `secret`. */

import type { Database, SecretUse } from '../../inbox/contract.ts';
import { driverOf } from '../../inbox/driver.ts';
import { fingerprintOf } from '../../verify/fingerprint.ts';
import { ago, counted, DAY_MS } from '../words.ts';

export interface RecordedUse {
  readonly count: number;
  readonly lastAt: number;
}

/** All recorded uses. There are none if the inbox is not there yet, or is of an older version that recorded none. */
export async function readUses(database: Database): Promise<SecretUse[]> {
  const reader = await driverOf(database).openReader();
  if (!reader) return [];
  try {
    return await reader.secretUses();
  } catch (error) {
    if (/no such table/.test((error as Error).message)) return [];
    throw error;
  } finally {
    await reader.close();
  }
}

/** The use of one secret in one scheme of one source, over all forms; undefined if it was never used. */
export function useOf(
  uses: readonly SecretUse[],
  source: string,
  scheme: string,
  value: string,
): RecordedUse | undefined {
  const secret = fingerprintOf(value);
  const its = uses.filter((use) => use.source === source && use.scheme === scheme && use.secret === secret);
  if (its.length === 0) return undefined;
  return {
    count: its.reduce((sum, { count }) => sum + count, 0),
    lastAt: Math.max(...its.map(({ lastAt }) => lastAt)),
  };
}

export function sayUse(use: RecordedUse | undefined, now: number): string {
  if (!use) return 'not used yet';
  return `last used ${ago(use.lastAt, now)}, ${counted(use.count, 'time')} in all`;
}

/** A retired secret may go when nobody has used it for a day while the current one was used. */
export function mayGo(
  retired: RecordedUse | undefined,
  current: RecordedUse | undefined,
  now: number,
): boolean {
  if (!retired || !current) return false;
  return now - retired.lastAt >= DAY_MS && current.lastAt > retired.lastAt;
}
