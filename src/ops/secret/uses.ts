/** Reads from the inbox when each secret of a source was used, and tells which may go. For `check` and `secret`. */
import type { Environment } from '../../base/settings/environment.ts';
import type { Database, SecretUse } from '../../inbox/contract.ts';
import { driverOf } from '../../inbox/driver.ts';
import type { InboxReader } from '../../inbox/reader.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import { fingerprintOf } from '../../verify/fingerprint.ts';
import { ago, counted, DAY_MS } from '../terminal.ts';
import { type Slot, slotsOfSource } from './slots.ts';

interface RecordedUse {
  readonly count: number;
  readonly lastAt: number;
}

/** The use of each live secret of one scheme of one source. */
export interface UsedSlot {
  readonly slot: Slot;
  /** Over all forms; undefined if it was never used. */
  readonly use: RecordedUse | undefined;
  readonly currentUse: RecordedUse | undefined;
  /** The secret is retired, and nobody has used it for a day while the current one was used. */
  readonly mayGo: boolean;
}

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

export async function readUses(database: Database): Promise<SecretUse[]> {
  return await readRecorded(database, [], (reader) => reader.secretUses());
}

export function usedSlots(
  source: SourceConfig,
  scheme: string,
  environment: Environment,
  uses: readonly SecretUse[],
  now: number,
): UsedSlot[] {
  const slots = slotsOfSource(source, scheme, environment);
  const its = uses.filter((use) => use.source === source.name && use.scheme === scheme);
  const currentUse = slots[0] && useOf(its, slots[0]);
  return slots.map((slot) => {
    const use = slot.isCurrent ? currentUse : useOf(its, slot);
    const isPast = use !== undefined && now - use.lastAt >= DAY_MS;
    const mayGo = !slot.isCurrent && isPast && currentUse !== undefined && currentUse.lastAt > use.lastAt;
    return { slot, use, currentUse, mayGo };
  });
}

function useOf(uses: readonly SecretUse[], { value }: Slot): RecordedUse | undefined {
  const secret = fingerprintOf(value);
  const its = uses.filter((use) => use.secret === secret);
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
