/**
 * Tallies put together for charts: equal stretches of time, and in each of them what was counted. Events are never looked at. Read for
 * the page of charts, in the thread that reads: rows are many, and what is left of them is little.
 */

import type { InboxReader } from './reader.ts';
import { iso } from './summary.ts';
import { percentileOf, sumOfTallies, type TallyCounts, type TallyRow, type TallyStep } from './tallies.ts';

export interface ChartWish {
  readonly step: TallyStep;
  /** The length of a stretch. */
  readonly minutes: number;
  /** So many of them; the last is the one of now. */
  readonly stretches: number;
  readonly now: number;
  /** Only this source and its handlers. */
  readonly source?: string;
}

/** In every list one for each stretch. */
export interface Charted {
  /** When each begins. */
  readonly times: readonly string[];
  /** How requests ended, by outcome or code. */
  readonly requests: Readonly<Record<string, readonly number[]>>;
  /** What was accepted or held, by source. */
  readonly events: Readonly<Record<string, readonly number[]>>;
  /** How attempts went. */
  readonly attempts: Readonly<Record<string, readonly number[]>>;
  /** Upper bounds in milliseconds; null where nothing was counted. */
  readonly answers: Percentiles;
  readonly handlers: Percentiles;
  /** How many deliveries waited on average; null where nobody looked. */
  readonly backlog: readonly (number | null)[];
}

export interface Percentiles {
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

const MINUTE_MS = 60_000;

export async function readCharted(reader: InboxReader, wish: ChartWish): Promise<Charted> {
  const { step, minutes, stretches, now, source } = wish;
  const length = minutes * MINUTE_MS;
  const from = now - (now % length) - (stretches - 1) * length;
  const rows = await reader.counts.tallies({ step, from, until: from + stretches * length });
  const isOfSource = ({ subject }: TallyRow) =>
    source === undefined || subject === source || subject.startsWith(`${source}/`);
  const placeOfRow = ({ bucket }: TallyRow) => Math.floor((bucket * MINUTE_MS - from) / length);
  const countsBy = (wanted: readonly TallyRow[], nameOf: (row: TallyRow) => string) => {
    const counts: Record<string, number[]> = {};
    for (const row of wanted) {
      const name = nameOf(row);
      counts[name] ??= Array.from({ length: stretches }, () => 0);
      const place = placeOfRow(row);
      (counts[name] as number[])[place] = (counts[name]?.[place] ?? 0) + row.count;
    }
    return counts;
  };
  const ofKind = Map.groupBy(rows, ({ kind }) => kind);
  const requests = (ofKind.get('request') ?? []).filter(isOfSource);
  const attempts = (ofKind.get('attempt') ?? []).filter(isOfSource);
  const backlog = ofKind.get('backlog') ?? [];
  const looks = countsBy(
    backlog.filter(({ subject }) => subject === ''),
    () => 'all',
  ).all;
  const waiting = countsBy(
    backlog.filter((row) => row.subject !== '' && isOfSource(row)),
    () => 'all',
  ).all;
  const isEvent = ({ outcome }: TallyRow) => outcome === 'accepted' || outcome === 'held';
  return {
    times: Array.from({ length: stretches }, (_, at) => iso(from + at * length)),
    requests: countsBy(requests, ({ outcome }) => outcome),
    events: countsBy(requests.filter(isEvent), ({ subject }) => subject),
    attempts: countsBy(attempts, ({ outcome }) => outcome),
    answers: percentilesOf(requests, stretches, placeOfRow),
    handlers: percentilesOf(attempts, stretches, placeOfRow),
    backlog: Array.from({ length: stretches }, (_, at) => {
      const count = looks?.[at] ?? 0;
      return count === 0 ? null : Math.round((waiting?.[at] ?? 0) / count);
    }),
  };
}

function percentilesOf(
  rows: readonly TallyRow[],
  stretches: number,
  placeOfRow: (row: TallyRow) => number,
): Percentiles {
  const byPlace = Map.groupBy(rows, placeOfRow);
  const sums = Array.from({ length: stretches }, (_, at): TallyCounts => sumOfTallies(byPlace.get(at) ?? []));
  const at = (part: number) => sums.map((sum) => percentileOf(sum, part) ?? null);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
