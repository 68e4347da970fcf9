/**
 * Tallies put together for charts: equal stretches of time, and in each of them what was counted. Events are never looked at. Read for
 * the page of charts, in the thread that reads: rows are many, and what is left of them is little.
 */
import { iso, MINUTE_MS } from '../base/times.ts';
import type { InboxReader } from './reader.ts';
import { noTimes, percentileOf, type TallyRow, type TallyStep } from './tallies.ts';

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

type StretchCounts = Record<string, number[]>;

/** In one pass: of a busy day there are tens of thousands of rows. */
export async function readCharted(reader: InboxReader, wish: ChartWish): Promise<Charted> {
  const { step, minutes, stretches, now, source } = wish;
  const length = minutes * MINUTE_MS;
  const from = now - (now % length) - (stretches - 1) * length;
  const rows = await reader.counts.tallies({ step, from, until: from + stretches * length });
  const isOther = ({ subject }: TallyRow) =>
    source !== undefined && subject !== '' && subject !== source && !subject.startsWith(`${source}/`);
  const [requests, events, attempts, backlog] = [{}, {}, {}, {}] as [
    StretchCounts,
    StretchCounts,
    StretchCounts,
    StretchCounts,
  ];
  const [answers, handlers] = [noSums(stretches), noSums(stretches)];
  const add = (counts: StretchCounts, name: string, place: number, count: number) => {
    counts[name] ??= Array.from({ length: stretches }, () => 0);
    const list = counts[name] as number[];
    list[place] = (list[place] ?? 0) + count;
  };
  for (const row of rows) {
    if (isOther(row)) continue;
    const { kind, subject, outcome, count } = row;
    const place = Math.floor((row.bucket * MINUTE_MS - from) / length);
    if (kind === 'backlog') add(backlog, outcome, place, count);
    else {
      add(kind === 'request' ? requests : attempts, outcome, place, count);
      addToSum(kind === 'request' ? answers : handlers, place, row);
    }
    const isEvent = outcome === 'accepted' || outcome === 'held';
    if (kind === 'request' && isEvent) add(events, subject, place, count);
  }
  return {
    times: Array.from({ length: stretches }, (_, at) => iso(from + at * length)),
    ...{ requests, events, attempts },
    answers: percentilesOf(answers),
    handlers: percentilesOf(handlers),
    backlog: Array.from({ length: stretches }, (_, at) => {
      const looks = backlog.looks?.[at] ?? 0;
      return looks === 0 ? null : Math.round((backlog.pending?.[at] ?? 0) / looks);
    }),
  };
}

interface Sum {
  count: number;
  readonly times: number[];
}

function noSums(stretches: number): Sum[] {
  return Array.from({ length: stretches }, () => ({ count: 0, times: noTimes() }));
}

function addToSum(sums: readonly Sum[], place: number, { count, times }: TallyRow): void {
  const sum = sums[place];
  if (!sum) return;
  sum.count += count;
  for (let at = 0; at < times.length; at++) sum.times[at] = (sum.times[at] ?? 0) + (times[at] ?? 0);
}

function percentilesOf(sums: readonly Sum[]): Percentiles {
  const at = (part: number) => sums.map((sum) => percentileOf(sum, part) ?? null);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
