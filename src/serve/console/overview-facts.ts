/**
 * What the overview shows beside the status: made of tallies and of what the service has in memory, never by looking at events. A
 * request is not known before the tallies are told of it, which takes some seconds.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/times.ts';
import { percentileOf, sumOfTallies, type TallyRow } from '../../inbox/tallies.ts';
import type { Config } from '../config/config.ts';
import type { ServiceStatus } from '../status.ts';
import type { PageRequest, PageSource } from './page.ts';

const DAY_HOURS = 24;
const TAKEN = ['accepted', 'held'];
const ACTIONS_LOOKED_AT = 20;

export interface Overview {
  readonly status: ServiceStatus;
  readonly today: { readonly events: number; readonly duplicates: number; readonly usual: number | null };
  readonly lastHour: { readonly events: number; readonly duplicates: number; readonly usual: number | null };
  readonly refused: {
    readonly count: number;
    readonly share: number;
    readonly top: { readonly source: string; readonly code: string; readonly count: number } | null;
  };
  readonly lastDay: { readonly dead: number; readonly held: number };
  readonly answers: {
    readonly count: number;
    readonly p99Ms: number | null;
    readonly limit: { readonly source: string; readonly ms: number } | null;
  };
  readonly perHour: readonly { readonly source: string; readonly counts: readonly number[] }[];
  readonly running: number;
}

export async function readOverview(
  { status: readStatus, reading, config }: Pick<PageSource, 'status' | 'reading' | 'config'>,
  { now }: PageRequest,
): Promise<Overview> {
  const midnight = now - (now % DAY_MS);
  const until = now + HOUR_MS;
  // Hours begin with the clock's: the oldest one is shown whole.
  const dayAgo = now - (now % HOUR_MS) - (DAY_HOURS - 1) * HOUR_MS;
  const [status, hours, requests, actions] = await Promise.all([
    readStatus(),
    reading.ask('tallies', { step: 60, from: Math.min(midnight, dayAgo), until }).catch(nothing<TallyRow>),
    reading
      .ask('tallies', { step: 1, from: now - HOUR_MS + MINUTE_MS, until, kind: 'request' })
      .catch(nothing<TallyRow>),
    reading.ask('actions', ACTIONS_LOOKED_AT).catch(nothing<{ state: string }>),
  ]);
  const inDay = hours.filter(({ bucket }) => bucket * MINUTE_MS >= dayAgo);
  const usualOf = (usuals: readonly (number | undefined)[]) =>
    usuals.every((usual) => usual === undefined)
      ? null
      : usuals.reduce<number>((sum, one = 0) => sum + one, 0);
  return {
    status,
    today: {
      ...takenOf(hours.filter(({ bucket }) => bucket * MINUTE_MS >= midnight)),
      usual: usualOf(status.sources.map(({ usual }) => usual?.count)),
    },
    lastHour: {
      ...takenOf(requests),
      usual: usualOf(status.sources.map(({ lastHour }) => lastHour?.usual?.count)),
    },
    refused: refusedLately(status),
    lastDay: {
      dead: sumOf(inDay, ({ kind, outcome }) => kind === 'attempt' && outcome === 'dead'),
      held: sumOf(inDay, ({ kind, outcome }) => kind === 'request' && outcome === 'held'),
    },
    answers: answersOf(requests, config()),
    perHour: status.sources.map(({ source }) => ({ source, counts: countsByHour(inDay, source, dayAgo) })),
    running: actions.filter(({ state }) => state === 'running').length,
  };
}

/** The status says why. */
function nothing<T>(): T[] {
  return [];
}

function sumOf(rows: readonly TallyRow[], isCounted: (row: TallyRow) => boolean): number {
  return rows.reduce((sum, row) => sum + (isCounted(row) ? row.count : 0), 0);
}

function takenOf(rows: readonly TallyRow[]) {
  const requestsWith = (outcomes: readonly string[]) =>
    sumOf(rows, ({ kind, outcome }) => kind === 'request' && outcomes.includes(outcome));
  return { events: requestsWith(TAKEN), duplicates: requestsWith(['duplicate']) };
}

function refusedLately({ sources }: ServiceStatus): Overview['refused'] {
  const refused = sources.flatMap(({ source, lastHour }) =>
    Object.entries(lastHour?.refused ?? {}).map(([code, count]) => ({ source, code, count })),
  );
  const count = refused.reduce((sum, one) => sum + one.count, 0);
  const taken = sources.reduce((sum, { lastHour }) => sum + (lastHour?.taken ?? 0), 0);
  const [top = null] = refused.toSorted((one, other) => other.count - one.count);
  return { count, share: count === 0 ? 0 : count / (count + taken), top };
}

function answersOf(rows: readonly TallyRow[], { sources }: Config): Overview['answers'] {
  const all = sumOfTallies(rows);
  const limits = sources.flatMap(({ name, schemes, preset }) => {
    const ms = preset.retries?.waitsMs;
    return ms === undefined || schemes.length === 0 ? [] : [{ source: name, ms }];
  });
  const [limit = null] = limits.toSorted((one, other) => one.ms - other.ms);
  return { count: all.count, p99Ms: percentileOf(all, 0.99) ?? null, limit };
}

/** One number for each of the last 24 hours. */
function countsByHour(rows: readonly TallyRow[], source: string, from: number): number[] {
  const counts = Array.from({ length: DAY_HOURS }, () => 0);
  for (const { kind, subject, outcome, bucket, count } of rows) {
    if (kind !== 'request' || subject !== source || !TAKEN.includes(outcome)) continue;
    const at = Math.floor((bucket * MINUTE_MS - from) / HOUR_MS);
    counts[at] = (counts[at] ?? 0) + count;
  }
  return counts.slice(0, DAY_HOURS);
}
