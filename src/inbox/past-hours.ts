/**
 * Remembers for a minute what sources had taken in by hours that are over: a month of them is most of what the standing is made of, and
 * pages ask for it every few seconds. The hour of now is always read. Kept by readings.ts, in the thread that reads.
 */
import { HOUR_MS, MINUTE_MS } from '../base/times.ts';
import type { InboxReader } from './reader.ts';
import type { HourTaken } from './tallies.ts';

/** Replicas tell the last counts of an hour some seconds after it. */
const KEEP_MS = MINUTE_MS;

export class PastHours {
  #read: { readonly from: number; readonly at: number; readonly hours: readonly HourTaken[] } | undefined;

  /** As CountReader.hoursTaken has it, between two times in milliseconds since 1970. */
  async taken({ counts }: InboxReader, from: number, until: number, now: number): Promise<HourTaken[]> {
    const hour = now - (now % HOUR_MS);
    const first = from - (from % HOUR_MS);
    const isFresh = this.#read?.from === first && now >= this.#read.at && now - this.#read.at < KEEP_MS;
    if (!isFresh) this.#read = { from: first, at: now, hours: await counts.hoursTaken(first, hour) };
    return [...(this.#read?.hours ?? []), ...(await counts.hoursTaken(hour, until))];
  }
}
