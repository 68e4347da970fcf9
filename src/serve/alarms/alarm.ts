/**
 * The nouns of the alarms, and times in their words. A kind of alarm is one `AlarmRule`, in a file with others about the same,
 * and a row of `ALARM_RULES` (alarm-rules.ts): at each look it answers with everything that is wrong by its rule at present. The
 * book (book.ts) makes alarms of that, which begin, are repeated, and end.
 */
import { DAY_MS, HOUR_MS, iso, MINUTE_MS } from '../../base/times.ts';
import type { QuarantinedHandler } from '../../deliver/dispatch/apart.ts';
import type { InboxStatus, InboxTrouble } from '../../inbox/contract.ts';
import type { Alarm, AlarmFinding } from '../../inbox/kept-alarms.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
import type { CheckSettings } from '../../verify/schemes.ts';
import type { Config } from '../config/config.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { SourceConfig } from '../config/source.ts';
import type { Disk } from '../disk.ts';
import type { AttemptTally, Tally } from './tally.ts';

export interface AlarmRule<Memory extends object = object> {
  /** Its name in the log, in the metrics, in the message, and in the table of docs/alarms.md. */
  readonly kind: string;
  /** What its alarms may be about; the inbox if left out, which has no name as a subject. */
  readonly about?: readonly AlarmSubject[];
  /** What has to come to this process for the rule to know anything; left out: nothing. */
  readonly needs?: 'requests' | 'attempts';
  /** It is about the inbox itself, which can keep no alarm then. */
  readonly isAboutInbox?: true;
  /** Makes what the rule remembers from look to look; left out if each look is judged by itself. */
  memory?(): Memory;
  /** Rejects if it cannot tell: then its alarms stay as they are. It is not asked again before it has answered. */
  find(look: Look, memory: Memory): readonly AlarmFinding[] | Promise<readonly AlarmFinding[]>;
  /**
   * Says whether an alarm that is not found goes on all the same, because nothing has shown that its cause is gone: after a
   * restart, or when nothing comes any more. Left out: what is not found is over.
   */
  isOpen?(alarm: Alarm, look: Look, memory: Memory): boolean | Promise<boolean>;
}

export type AlarmSubject = 'inbox' | 'source' | 'handler';

/** The service as the watch sees it at one moment. `status` is asked at most once a look, however many rules want it. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly knobs: AlarmKnobs;
  /** The sources that are wired and whose requests come to this process, those that are off too. */
  readonly wired: readonly WatchedSource[];
  /** Those of them that are on. */
  readonly sources: readonly WatchedSource[];
  tallyOf(source: string): Tally;
  /** By full name. */
  readonly attempts: ReadonlyMap<string, AttemptTally>;
  /** Milliseconds since 1970; nobody was there to hear what came before. */
  readonly listeningSince: number;
  readonly takesWrites: boolean;
  readonly trouble: InboxTrouble | undefined;
  /** The refused requests that are not kept, or not any more, counted since the service started. */
  readonly refusalsLost: readonly Losses[];
  /** For so many days the others are kept. */
  readonly refusedDays: number;
  /** Handlers that have a thread of their own. */
  readonly apart: readonly QuarantinedHandler[];
  /** The starts after which the service has not been stopped, but has ended: milliseconds since 1970. */
  readonly crashes: readonly number[];
  /** Since when ALARM_URL has taken no message, and why. */
  readonly unheard: { readonly since: number; readonly reason: string } | undefined;
  /** Kinds of alarms whose last look failed, and why. */
  readonly unjudged: readonly { readonly kind: string; readonly reason: string }[];
  status(): Promise<InboxStatus>;
  /** Hears from the inbox what other replicas have heard since then; nothing to do where there are none. */
  catchUp(since: number): Promise<void>;
  /** Tells the inbox that this machine's clock is right. */
  believeClock(): void;
  /** Undefined for an inbox that is not on a disk of this machine. */
  disk(): Promise<Pick<Disk, 'freeMb' | 'wholeMb'> | undefined>;
}

/** The names of its settings begin with `prefix`, as in FLEXPORT. If there are no schemes, it is off. */
export interface WatchedSource extends Pick<SourceConfig, 'name' | 'prefix' | 'path'> {
  readonly schemes: readonly string[];
  readonly preset: Pick<SourceConfig['preset'], 'title' | 'retries'> & CheckSettings['preset'];
}

/** The settings of the time; they may be read anew while the service runs. Without a target alarms go to the log only. */
export interface AlarmSettings extends Pick<Config, 'alarmTarget'> {
  readonly sources: readonly WatchedSource[];
}

const UNITS = [
  ['days', DAY_MS],
  ['hours', HOUR_MS],
  ['minutes', MINUTE_MS],
] as const;

/** Two or more of the largest unit there are two of: `90 minutes`, `36 hours`, `3 days`, `1 second`. */
export function durationOf(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['seconds', 1_000];
  const many = Math.round(ms / unitMs);
  return `${many} ${many === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** `14:02 UTC`, with the day unless it is today. */
export function clockTimeOf(time: number, now: number): string {
  const [day, clock] = iso(time).split('T') as [string, string];
  const isToday = iso(now).startsWith(day);
  return `${isToday ? '' : `${day} `}${clock.slice(0, 5)} UTC`;
}
