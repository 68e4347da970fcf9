/**
 * What the inbox knows of real traffic: how the newest events passed their checks, and the uses of secrets. Read once, for
 * everything that judges settings by what has really come.
 */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import type { SourceConfig } from '../../config/source.ts';
import { InboxReader } from '../../inbox/sqlite/reader.ts';
import type { SecretUse } from '../../inbox-contract.ts';
import type { Proof } from '../../types.ts';
import { counted } from '../secret/ago.ts';

/** Looked at in all, and of each source. */
const EVENTS_MOST = 5_000;
const EVENTS_OF_SOURCE_MOST = 1_000;
/** The proofs come with the body: a few thousand large ones would take a while. */
const BODY_BYTES_MOST = 256 * 1_048_576;

export interface RecentEvent {
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  readonly proofs: readonly Proof[];
}

export interface Evidence {
  /** Newest first. */
  readonly recent: readonly RecentEvent[];
  readonly uses: readonly SecretUse[];
}

/** Nothing, from an inbox that is not there yet or is still of a version that kept no evidence. */
export function readEvidence({ inboxPath }: Config): Evidence {
  if (!existsSync(inboxPath)) return { recent: [], uses: [] };
  const reader = new InboxReader(inboxPath);
  try {
    return { recent: readRecent(reader), uses: reader.secretUses() };
  } catch (error) {
    if (/no such (table|column)/.test((error as Error).message)) return { recent: [], uses: [] };
    throw error;
  } finally {
    reader.close();
  }
}

function readRecent(reader: InboxReader): RecentEvent[] {
  const perSource = new Map<string, number>();
  const recent: RecentEvent[] = [];
  let bytesLeft = BODY_BYTES_MOST;
  for (const { number, source, bytes } of reader.list({ limit: EVENTS_MOST })) {
    const before = perSource.get(source) ?? 0;
    if (before >= EVENTS_OF_SOURCE_MOST || (bytes ?? 0) > bytesLeft) continue;
    const evidence = reader.evidence(number);
    if (!evidence) continue;
    perSource.set(source, before + 1);
    bytesLeft -= bytes ?? 0;
    const { receivedAt, address, proofs } = evidence;
    recent.push({ source, receivedAt, address, proofs });
  }
  return recent;
}

export function eventsOf({ name }: SourceConfig, { recent }: Evidence): RecentEvent[] {
  return recent.filter(({ source }) => source === name);
}

/** Whether a secret vouches for the event; an address does not. */
export function isProven({ proofs }: RecentEvent): boolean {
  return proofs.some(({ secret }) => secret !== undefined);
}

/** `the last event`, `the last 120 events` */
export function lastOnes(count: number): string {
  return count === 1 ? 'the last event' : `the last ${counted(count, 'event')}`;
}
