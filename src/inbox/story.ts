/**
 * All that is to be shown of one event, in one answer: what became of it, how it was proved, by what it can be found, and the history
 * of what it is about. Of its body only the beginning is handed on, since it may have megabytes. Read for the page of one event.
 */
import type { StateShape } from '../verify/preset.ts';
import type { Proof } from '../verify/verifier.ts';
import type { DuplicateCount } from './duplicates.ts';
import type { InboxReader } from './reader.ts';
import { type RelatedEvents, readRelated } from './related.ts';
import { KEYS_BODY_MOST, keyValuesOf } from './search-keys.ts';
import type { StoredSource } from './stored-source.ts';
import type { EventDetails, PurgedEvent } from './summary.ts';

export interface EventStory {
  readonly event: Omit<EventDetails, 'body'>;
  /** So many of its first bytes; null once it is purged. */
  readonly bodyStart: Buffer | null;
  /** With the signatures. */
  readonly proofs: readonly Proof[];
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly related: readonly RelatedEvents[];
  /** Undefined if it came once. */
  readonly duplicates: DuplicateCount | undefined;
}

const BODY_START = 65_536;

/** Undefined if there is no such event. `states`: how events of each source tell a state. */
export async function readStory(
  reader: InboxReader,
  sources: ReadonlyMap<string, StoredSource>,
  number: number,
  states: ReadonlyMap<string, StateShape>,
): Promise<EventStory | PurgedEvent | undefined> {
  const found = await reader.show(number);
  if (!found || 'purged' in found) return found;
  const { body, ...event } = found;
  const [proved] = await reader.proofs([number]);
  const isSearched = body !== null && body.length <= KEYS_BODY_MOST;
  const values = isSearched
    ? keyValuesOf(sources.get(event.source)?.keys ?? {}, body)
    : new Map<string, string[]>();
  return {
    event,
    bodyStart: body?.subarray(0, BODY_START) ?? null,
    proofs: proved?.proofs ?? [],
    keys: Object.fromEntries(values),
    duplicates: await reader.counts.duplicatesOf(number),
    related: await readRelated(reader, sources, event, values, states),
  };
}
