/**
 * How things stand by what is counted in an inbox, whether or not a service runs: what each source sent today and usually does, when
 * it was last heard, and what was refused in the last hour. Asked by status, in the service through reading.ts.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/times.ts';
import type { InboxReader } from './reader.ts';
import { type HourTaken, TAKEN_OUTCOMES, type TallyRow } from './tallies.ts';
import { type Usual, usualBetween, usualFrom } from './usual.ts';

interface SourceStanding {
  readonly source: string;
  /** Taken in since midnight UTC. */
  readonly today: number;
  /** What was taken in by this time of the day on others like it; undefined if that is not known yet. */
  readonly usual: Usual | undefined;
  /** Milliseconds since 1970; undefined if nothing of it was ever taken in. To the minute, or to the hour if it is long ago, where only an address proves it. */
  readonly lastAt: number | undefined;
  readonly lastHour: {
    readonly taken: number;
    /** What is taken in within such an hour; undefined if that is not known yet. */
    readonly usual: Usual | undefined;
    /** By the code with which they were refused, or failed for a reason of ours. */
    readonly refused: Readonly<Record<string, number>>;
  };
}

export interface Standing {
  /** The name of the inbox. */
  readonly inbox: string;
  /** Those of which anything is known. */
  readonly sources: readonly SourceStanding[];
  /** Undefined where one process owns the inbox. */
  readonly replicas: number | undefined;
}

/** `remembered`: what has not changed since the last question. */
export async function readStanding(
  reader: InboxReader,
  now: number,
  remembered = new PastHours(),
): Promise<Standing> {
  const { counts } = reader;
  const until = now + HOUR_MS;
  const hours = Map.groupBy(
    await remembered.taken(reader, usualFrom(now), until, now),
    ({ source }) => source,
  );
  // Sixty minutes, that of now among them.
  const from = now - HOUR_MS + MINUTE_MS;
  const last = await counts.tallies({ step: 1, from, until, kind: 'request' });
  const minutes = Map.groupBy(last, ({ subject }) => subject);
  const proven = await counts.lastProven();
  const names = new Set([...hours.keys(), ...minutes.keys(), ...proven.keys()]);
  return {
    inbox: await reader.id(),
    sources: [...names].sort().map((source) => {
      const past = new Map((hours.get(source) ?? []).map(({ hour, count }) => [hour, count]));
      return standingOf(
        source,
        { past, minutes: minutes.get(source) ?? [], provenAt: proven.get(source) },
        now,
      );
    }),
    replicas: (await counts.replicas())?.length,
  };
}

interface SourceCounts {
  readonly past: ReadonlyMap<number, number>;
  readonly minutes: readonly TallyRow[];
  readonly provenAt: number | undefined;
}

function standingOf(source: string, { past, minutes, provenAt }: SourceCounts, now: number): SourceStanding {
  const midnight = now - (now % DAY_MS);
  const isTaken = ({ outcome }: TallyRow) => TAKEN_OUTCOMES.includes(outcome);
  const heard = [
    ...(provenAt === undefined ? [] : [provenAt]),
    ...minutes.filter(isTaken).map(({ bucket }) => bucket * MINUTE_MS),
    ...[...past.keys()].map((hour) => hour * HOUR_MS),
  ];
  const refused: Record<string, number> = {};
  for (const row of minutes.filter((one) => !isTaken(one))) {
    refused[row.outcome] = (refused[row.outcome] ?? 0) + row.count;
  }
  const todays = [...past].filter(([hour]) => hour * HOUR_MS >= midnight);
  return {
    source,
    today: todays.reduce((sum, [, count]) => sum + count, 0),
    usual: usualBetween(past, midnight, now),
    lastAt: heard.length === 0 ? undefined : Math.max(...heard),
    lastHour: {
      taken: minutes.filter(isTaken).reduce((sum, { count }) => sum + count, 0),
      usual: usualBetween(past, now - HOUR_MS, now),
      refused,
    },
  };
}

/** Replicas tell the last counts of an hour some seconds after it. */
const KEEP_MS = MINUTE_MS;

/**
 * Remembers for a minute what sources had taken in by hours that are over: a month of them is most of what the standing is made of, and
 * pages ask for it every few seconds. The hour of now is always read. Kept by readings.ts, in the thread that reads.
 */
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
