/**
 * Whether all is well, in one object: what the console answers to `GET /status`, what `consignee status` prints and `check` judges.
 * Made of what a running service knows and of what is counted in the inbox; without a service, of the latter alone. What nobody
 * can tell is null, and `unknown` says why: it is never taken for well.
 */
import { iso, isoOrNull } from '../base/times.ts';
import type { Backlog, InboxStatus } from '../inbox/contract.ts';
import type { Alarm } from '../inbox/kept-alarms.ts';
import type { PauseInForce } from '../inbox/pauses.ts';
import type { Standing } from '../inbox/standing.ts';
import { ALARM_RULES } from './alarms/alarm-rules.ts';
import type { Disk } from './disk.ts';

/** The part of the work that a process does: with PostgreSQL, different processes may receive and handle. */
export type Role = 'both' | 'receive' | 'dispatch';

/** Times are ISO 8601, in UTC. */
export interface ServiceStatus {
  /** Null if no service answers. */
  readonly isWell: boolean | null;
  /** The process that answers, since when it runs, and its part of the work; null if none answers. */
  readonly service: ServiceFacts | null;
  /** The name of the inbox. */
  readonly inbox: string | null;
  /** How many work on the inbox; null where one process owns it. */
  readonly replicas: number | null;
  /** Worst first. */
  readonly alarms: readonly StatusAlarm[] | null;
  /** Those of the wiring, in its order. */
  readonly sources: readonly SourceStatus[];
  /** How many deliveries wait, run, are dead or held: all together, and by handler in `backlog`. Null if they were not counted. */
  readonly handlers: HandlersStatus | null;
  /** Where the inbox is, or, if a server keeps it, what is kept of refused requests. */
  readonly disk: Disk | null;
  /** How far the clock is ahead of what the inbox knows of the time; 0 if it is believed. */
  readonly clock: { readonly doubtMs: number } | null;
  /** What could not be found out, of `service`, `counts`, `handlers` and `disk`, and why; empty if all could. */
  readonly unknown: readonly { readonly what: string; readonly why: string }[];
}

export interface ServiceFacts {
  readonly version: string;
  readonly startedAt: string;
  readonly role: Role;
  /** Where its inbox is: the whole path of a file, or the server and the name of the database. */
  readonly place: string;
  /** As `/readyz` says: it takes events in. */
  readonly isReady: boolean;
}

export interface StatusAlarm extends Omit<Alarm, 'since'> {
  readonly since: string;
}

export interface SourceStatus {
  readonly source: string;
  readonly isOn: boolean;
  /** Taken in since midnight UTC; null if nobody can tell. */
  readonly today: number | null;
  /** What was taken in by this time on other such days; null if it is not known yet. */
  readonly usual: { readonly count: number; readonly least: number; readonly most: number } | null;
  /** Null: it waits for its first event, unless `today` is null too. */
  readonly lastAt: string | null;
  readonly lastHour: {
    readonly taken: number;
    readonly usual: SourceStatus['usual'];
    readonly refused: Readonly<Record<string, number>>;
  } | null;
}

export interface HandlersStatus {
  readonly pending: number;
  readonly handling: number;
  readonly dead: number;
  readonly held: number;
  readonly oldestPendingAt: string | null;
  /** Null if no service says so. */
  readonly resting: readonly string[] | null;
  /** What people have paused; null if no service says so. */
  readonly paused: readonly PauseInForce[] | null;
  readonly backlog: readonly Backlog[];
}

/** Undefined: nobody can tell; a sentence: why. */
export interface StatusFacts {
  readonly sources: readonly { readonly name: string; readonly schemes: readonly string[] }[];
  readonly service?: ServiceFacts;
  readonly alarms?: readonly Alarm[];
  readonly standing: Standing | string;
  readonly work:
    | (Omit<InboxStatus, 'inbox' | 'resting' | 'restsUntil' | 'paused'> &
        Partial<Pick<InboxStatus, 'resting' | 'paused'>>)
    | string;
  readonly disk: ServiceStatus['disk'] | string;
  /** Why no service tells more. */
  readonly why?: string;
}

export function statusOf(facts: StatusFacts): ServiceStatus {
  const { service, alarms, standing, work, disk, why } = facts;
  const unknown = Object.entries({ service: why, counts: standing, handlers: work, disk }).flatMap(
    ([what, fact]) => (typeof fact === 'string' ? [{ what, why: fact }] : []),
  );
  const known = typeof standing === 'string' ? undefined : standing;
  const waiting = typeof work === 'string' ? undefined : work;
  const isStuck = typeof disk === 'object' && disk?.isReadOnly === true;
  return {
    isWell: service ? service.isReady && alarms?.length === 0 && unknown.length === 0 && !isStuck : null,
    service: service ?? null,
    inbox: known?.inbox ?? null,
    replicas: known?.replicas ?? null,
    alarms: alarms ? alarms.toSorted((one, other) => rankOf(one) - rankOf(other)).map(statusAlarm) : null,
    sources: facts.sources.map((source) => sourceStatus(source, known)),
    handlers: waiting ? handlersStatus(waiting) : null,
    disk: typeof disk === 'string' ? null : disk,
    clock: service && waiting ? { doubtMs: waiting.clockDoubtMs ?? 0 } : null,
    unknown,
  };
}

/** The place in the table of alarms, which has the worst first. */
function rankOf(alarm: Alarm): number {
  const rank = ALARM_RULES.findIndex(({ kind }) => kind === alarm.kind);
  return rank < 0 ? ALARM_RULES.length : rank;
}

function statusAlarm({ since, ...alarm }: Alarm): StatusAlarm {
  return { ...alarm, since: iso(since) };
}

function sourceStatus(
  { name, schemes }: StatusFacts['sources'][number],
  standing: Standing | undefined,
): SourceStatus {
  const of = standing?.sources.find(({ source }) => source === name);
  const nothing = standing
    ? { today: 0, lastHour: { taken: 0, usual: null, refused: {} } }
    : { today: null, lastHour: null };
  return {
    source: name,
    isOn: schemes.length > 0,
    today: of?.today ?? nothing.today,
    usual: of?.usual ?? null,
    lastAt: isoOrNull(of?.lastAt),
    lastHour: of ? { ...of.lastHour, usual: of.lastHour.usual ?? null } : nothing.lastHour,
  };
}

function handlersStatus({
  backlog,
  oldestPendingAt,
  resting,
  paused,
}: Exclude<StatusFacts['work'], string>): HandlersStatus {
  const sumOf = (wanted: Backlog['state']) =>
    backlog.reduce((sum, { state, count }) => sum + (state === wanted ? count : 0), 0);
  return {
    pending: sumOf('pending'),
    handling: sumOf('handling'),
    dead: sumOf('dead'),
    held: sumOf('held'),
    oldestPendingAt: isoOrNull(oldestPendingAt),
    resting: resting ?? null,
    paused: paused ?? null,
    backlog,
  };
}
