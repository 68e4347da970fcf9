/**
 * Reads what the inbox knows of real traffic: how the newest events passed their checks, and the uses of secrets. It is read
 * once, for every check that judges settings by what has really come.
 */
import { counted } from '../../base/words.ts';
import type { InboxReader } from '../../inbox/reader.ts';
import type { EventProofs } from '../../inbox/summary.ts';
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/source.ts';
import { type KnownSecrets, NOTHING_KNOWN, readKnownIn, readRecorded } from './known-secrets.ts';

/** Looked at in all, and of each source. */
const EVENTS_MOST = 5_000;
const EVENTS_OF_SOURCE_MOST = 1_000;
/** The proofs come with the body: a few thousand large ones would take a while. */
const BODY_BYTES_MOST = 256 * 1_048_576;

export interface Evidence extends KnownSecrets {
  /** Newest first. */
  readonly recent: readonly EventProofs[];
}

export const NO_EVIDENCE: Evidence = { ...NOTHING_KNOWN, recent: [] };

export async function readEvidence({ database }: Config): Promise<Evidence> {
  return await readRecorded(database, NO_EVIDENCE, async (reader) => ({
    recent: await readRecent(reader),
    ...(await readKnownIn(reader)),
  }));
}

async function readRecent(reader: InboxReader): Promise<EventProofs[]> {
  const perSource = new Map<string, number>();
  const chosen: number[] = [];
  let bytesLeft = BODY_BYTES_MOST;
  const newest = await reader.search({}, new Map()).page({ limit: EVENTS_MOST });
  for (const { number, source, bytes } of newest.events) {
    const before = perSource.get(source) ?? 0;
    if (before >= EVENTS_OF_SOURCE_MOST || bytes === null || bytes > bytesLeft) continue;
    perSource.set(source, before + 1);
    bytesLeft -= bytes;
    chosen.push(number);
  }
  return await reader.proofs(chosen);
}

export function eventsOf({ name }: SourceConfig, { recent }: Evidence): EventProofs[] {
  return recent.filter(({ source }) => source === name);
}

/** `the last event`, `the last 120 events` */
export function lastOnes(count: number): string {
  return count === 1 ? 'the last event' : `the last ${counted(count, 'event')}`;
}
