/** What the page of handlers shows: how each is wired, what it has to do, and how it went lately, by the tallies. No event is looked at. */
import { DAY_MS, HOUR_MS, iso, isoOrNull, MINUTE_MS } from '../../base/times.ts';
import type { InboxStatus } from '../../inbox/contract.ts';
import { percentileOf, sumOfTallies, type TallyRow } from '../../inbox/tallies.ts';
import type { PageRequest, PageSource } from './page.ts';

/** A rate is that of so many whole minutes. */
const RATE_MINUTES = 10;
const SUCCESS_DAYS = 30;
/** JSON has no Infinity: it took longer than what is told apart. */
export const LONGER_MS = 10 * MINUTE_MS;

export interface HandlerReport {
  readonly handler: string;
  readonly source: string;
  readonly target: string;
  readonly types: readonly string[] | null;
  readonly isLatestOnly: boolean;
  readonly concurrency: number;
  readonly timeLimitMs: number;
  readonly maxAttempts: number;
  readonly ratePerSecond: number | null;
  readonly pending: number;
  readonly handling: number;
  readonly dead: number;
  readonly held: number;
  readonly oldestDueAt: string | null;
  readonly perMinute: number;
  readonly attempts: { readonly count: number; readonly p50Ms: number | null; readonly p95Ms: number | null };
  readonly failed: number;
  readonly lastSuccessAt: string | null;
  readonly isResting: boolean;
  readonly restsUntil: string | null;
  readonly paused: {
    readonly name: string;
    readonly since: string;
    readonly who: string;
    readonly reason: string;
  } | null;
}

export interface HandlerReports {
  readonly handlers: readonly HandlerReport[];
}

export async function readHandlers(
  { inbox, reading, handlers }: PageSource,
  { now }: PageRequest,
): Promise<HandlerReports> {
  const wired = handlers();
  const until = now + HOUR_MS;
  const [status, due, minutes, hours] = await Promise.all([
    inbox.status(),
    reading.ask('oldestDue', [...wired.keys()]),
    reading.ask('tallies', { step: 1, from: now - HOUR_MS, until, kind: 'attempt' }),
    reading.ask('tallies', { step: 60, from: now - SUCCESS_DAYS * DAY_MS, until, kind: 'attempt' }),
  ]);
  const facts = { status, now, due };
  return {
    handlers: [...wired].map(([handler, { route, concurrency, timeLimitMs, maxAttempts }]) => ({
      handler,
      source: handler.slice(0, handler.indexOf('/')),
      target: route.target,
      types: route.types ?? null,
      isLatestOnly: route.latest !== undefined,
      ...{ concurrency, timeLimitMs, maxAttempts, ratePerSecond: route.ratePerSecond ?? null },
      ...workOf(handler, facts),
      ...pastOf(
        minutes.filter(({ subject }) => subject === handler),
        hours.filter(({ subject }) => subject === handler),
        now,
      ),
    })),
  };
}

interface PresentFacts {
  readonly status: InboxStatus;
  readonly due: Readonly<Record<string, number>>;
}

function workOf(handler: string, { status, due }: PresentFacts) {
  const { backlog, resting, restsUntil = {}, paused } = status;
  const of = (state: string) =>
    backlog.reduce((sum, one) => sum + (one.handler === handler && one.state === state ? one.count : 0), 0);
  const pause = paused.find(({ handlers }) => handlers.includes(handler));
  return {
    ...{ pending: of('pending'), handling: of('handling'), dead: of('dead'), held: of('held') },
    oldestDueAt: isoOrNull(due[handler]),
    isResting: resting.includes(handler),
    restsUntil: resting.includes(handler) ? isoOrNull(restsUntil[handler]) : null,
    paused: pause
      ? { name: pause.name, since: iso(pause.since), who: pause.who, reason: pause.reason }
      : null,
  };
}

function pastOf(minutes: readonly TallyRow[], hours: readonly TallyRow[], now: number) {
  const minute = Math.floor(now / MINUTE_MS);
  const whole = minutes.filter(({ bucket }) => bucket < minute && bucket >= minute - RATE_MINUTES);
  const all = sumOfTallies(minutes);
  const ended = (rows: readonly TallyRow[], outcomes: readonly string[]) =>
    rows.filter(({ outcome }) => outcomes.includes(outcome));
  // Exact to the minute within the hour, to the hour before.
  const last = ended(minutes, ['done']).at(-1) ?? ended(hours, ['done']).at(-1);
  return {
    perMinute: whole.reduce((sum, { count }) => sum + count, 0) / RATE_MINUTES,
    attempts: {
      count: all.count,
      p50Ms: knownMs(percentileOf(all, 0.5)),
      p95Ms: knownMs(percentileOf(all, 0.95)),
    },
    failed: ended(minutes, ['retry', 'dead']).reduce((sum, { count }) => sum + count, 0),
    lastSuccessAt: isoOrNull(last && last.bucket * MINUTE_MS),
  };
}

function knownMs(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.min(ms, LONGER_MS);
}
