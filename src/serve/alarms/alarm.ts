/**
 * The nouns of the alarms, and times in their words. A kind of alarm is one `AlarmRule`, in a file with others about the same,
 * and a row of `ALARM_RULES` (watch.ts): at each look it answers with everything that is wrong by its rule at present. The
 * book below makes alarms of that, which begin, are repeated, and end.
 */
import type { QuarantinedHandler } from '../../deliver/dispatch/apart.ts';
import type { InboxStatus, InboxTrouble } from '../../inbox/contract.ts';
import type { Losses } from '../../inbox/refused/losses.ts';
import type { Config } from '../config/config.ts';
import type { AlarmKnobs } from '../config/knobs.ts';
import type { SourceConfig } from '../config/source.ts';
import type { Tally } from './tally.ts';

export interface AlarmRule<Memory extends object = object> {
  /** Its name in the log, in the metrics, in the message, and in the table of docs/operating.md. */
  readonly kind: string;
  /**
   * Makes what the rule remembers from look to look; left out if each look is judged by itself. The memory is plain data and
   * belongs to the watch, so that it can be stored or shared.
   */
  memory?(): Memory;
  /** Rejects if it cannot tell: then its alarms stay as they are. It is not asked again before it has answered. */
  find(look: Look, memory: Memory): readonly AlarmFinding[] | Promise<readonly AlarmFinding[]>;
}

/** The service as the watch sees it at one moment. `status` is asked at most once a look, however many rules want it. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly knobs: AlarmKnobs;
  /** The sources that are on and whose requests come to this process. */
  readonly sources: readonly WatchedSource[];
  tallyOf(source: string): Tally;
  /** Milliseconds since 1970; nobody was there to hear what came before. */
  readonly listeningSince: number;
  readonly takesWrites: boolean;
  readonly trouble: InboxTrouble | undefined;
  /** The refused requests that are not kept, or not any more, counted since the service started. */
  readonly refusalsLost: readonly Losses[];
  /** Handlers that have a thread of their own. */
  readonly apart: readonly QuarantinedHandler[];
  /** Kinds of alarms whose last look failed, and why. */
  readonly unjudged: readonly { readonly kind: string; readonly reason: string }[];
  status(): Promise<InboxStatus>;
  /** Tells the inbox that this machine's clock is right. */
  believeClock(): void;
  /** Undefined for an inbox that is not on a disk of this machine. */
  diskFreeMb(): Promise<number | undefined>;
}

export interface AlarmFinding {
  /** The name of a source or a handler, or nothing. It comes from the configuration, never from a sender. */
  readonly subject: string;
  readonly says: string;
  readonly fix: string;
  /** Milliseconds since 1970; the time of the look if left out. */
  readonly since?: number;
}

export interface Alarm extends Required<AlarmFinding> {
  readonly kind: string;
}

/** The names of its settings begin with `prefix`, as in FLEXPORT. If there are no schemes, it is off. */
export interface WatchedSource extends Pick<SourceConfig, 'name' | 'prefix'> {
  readonly schemes: readonly string[];
}

/** The settings of the time; they may be read anew while the service runs. Without a target alarms go to the log only. */
export interface AlarmSettings extends Pick<Config, 'alarmTarget'> {
  readonly sources: readonly WatchedSource[];
}

export interface AlarmNews {
  readonly type: 'alarm.raised' | 'alarm.over';
  readonly alarm: Alarm;
}

/**
 * Which alarms are raised. The book takes in what each look found and answers what people should be told:
 *
 *   a finding that is new         raised
 *   one that stays                raised again, but not before `repeatMs` have passed
 *   one that is gone              over, once it has stayed away for `calmMs`
 *
 * An alarm keeps the time it began at, and its words are those of the last look. The book asks no clock.
 */
export class AlarmBook {
  readonly #knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>;
  /** `goneAt`: when it was first not found any more. */
  readonly #entries = new Map<string, { alarm: Alarm; toldAt: number; goneAt: number | undefined }>();

  constructor(knobs: Pick<AlarmKnobs, 'repeatMs' | 'calmMs'>) {
    this.#knobs = knobs;
  }

  raised(): Alarm[] {
    return [...this.#entries.values()].map(({ alarm }) => alarm);
  }

  /** The clock was set by so much: what has passed since an alarm was told, or gone, stays what it was. */
  shift(byMs: number): void {
    for (const entry of this.#entries.values()) {
      entry.toldAt += byMs;
      if (entry.goneAt !== undefined) entry.goneAt += byMs;
    }
  }

  /** `findings` are all there are of this kind. */
  note(kind: string, findings: readonly AlarmFinding[], now: number): AlarmNews[] {
    const news = findings.flatMap((finding) => this.#raise(kind, finding, now));
    const found = new Set(findings.map(({ subject }) => subject));
    for (const [key, entry] of this.#entries) {
      if (entry.alarm.kind !== kind || found.has(entry.alarm.subject)) continue;
      entry.goneAt ??= now;
      if (now - entry.goneAt < this.#knobs.calmMs) continue;
      this.#entries.delete(key);
      news.push({ type: 'alarm.over', alarm: endOf(entry.alarm, entry.goneAt) });
    }
    return news;
  }

  #raise(kind: string, finding: AlarmFinding, now: number): AlarmNews[] {
    const key = `${kind} ${finding.subject}`;
    const entry = this.#entries.get(key);
    const alarm = { since: now, ...finding, kind, ...(entry && { since: entry.alarm.since }) };
    const repeats = entry === undefined || now - entry.toldAt >= this.#knobs.repeatMs;
    this.#entries.set(key, { alarm, toldAt: repeats ? now : entry.toldAt, goneAt: undefined });
    return repeats ? [{ type: 'alarm.raised', alarm }] : [];
  }
}

function endOf(alarm: Alarm, at: number): Alarm {
  return { ...alarm, says: `over after ${durationOf(at - alarm.since)}: ${alarm.says}`, fix: '' };
}

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const;

/** Two or more of the largest unit there are two of: `90 minutes`, `36 hours`, `3 days`. */
export function durationOf(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['seconds', 1_000];
  return `${Math.round(ms / unitMs)} ${unit}`;
}

/** `14:02 UTC`, with the day unless it is today. */
export function clockTimeOf(time: number, now: number): string {
  const [day, clock] = new Date(time).toISOString().split('T') as [string, string];
  const isToday = new Date(now).toISOString().startsWith(day);
  return `${isToday ? '' : `${day} `}${clock.slice(0, 5)} UTC`;
}
