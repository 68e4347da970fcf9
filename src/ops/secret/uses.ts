/** What the inbox has on record of the uses of a source's secrets. For `check` and `secret`. */

import type { Database, SecretUse } from '../../inbox/contract.ts';
import { openReader } from '../../inbox/reader.ts';
import { fingerprintOf } from '../../verify/fingerprint.ts';
import { ago, counted, DAY_MS } from '../words.ts';

export interface Use {
  readonly count: number;
  readonly lastAt: number;
}

/** Those recorded so far; none from an inbox that is not there yet, or is of an older version and never saw any. */
export async function readUses(database: Database): Promise<SecretUse[]> {
  const reader = await openReader(database);
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

/** Of one secret in one scheme of one source, whatever forms it was used in; none if it never was. */
export function useOf(
  uses: readonly SecretUse[],
  source: string,
  scheme: string,
  value: string,
): Use | undefined {
  const secret = fingerprintOf(value);
  const its = uses.filter((use) => use.source === source && use.scheme === scheme && use.secret === secret);
  if (its.length === 0) return undefined;
  return {
    count: its.reduce((sum, { count }) => sum + count, 0),
    lastAt: Math.max(...its.map(({ lastAt }) => lastAt)),
  };
}

export function sayUse(use: Use | undefined, now: number): string {
  if (!use) return 'not used yet';
  return `last used ${ago(use.lastAt, now)}, ${counted(use.count, 'time')} in all`;
}

/** Whether a retired secret may go: nobody has used it for a day, while the current one is used. */
export function mayGo(retired: Use | undefined, current: Use | undefined, now: number): boolean {
  if (!retired || !current) return false;
  return now - retired.lastAt >= DAY_MS && current.lastAt > retired.lastAt;
}
