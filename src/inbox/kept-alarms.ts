/**
 * Alarms as the inbox keeps them, so that they outlive a restart, and so that of several replicas one alone tells of each. The watch
 * of serve/alarms decides what is wrong; here is what is remembered of it, the same for every driver.
 */
import { DAY_MS, MINUTE_MS } from '../base/times.ts';

/** So long an alarm that is over is remembered. */
export const ALARM_HISTORY_MS = 30 * DAY_MS;

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

export interface AlarmNews {
  readonly type: 'alarm.raised' | 'alarm.over';
  readonly alarm: Alarm;
}

/** What one look has made of the alarms of a kind. */
export interface NotedAlarms {
  /** `isTold`: people know it already. */
  readonly found: readonly (Alarm & { readonly isTold: boolean })[];
  /** Whose cause has stayed away for `calmMs`. */
  readonly over: readonly Alarm[];
  readonly repeatMs: number;
  readonly calmMs: number;
  readonly now: number;
}

export interface KeptAlarms {
  readonly raised: readonly Alarm[];
  /** What the receiver of alarms has not taken yet: whoever asks is to tell it now. */
  readonly unheard: readonly AlarmNews[];
}

/** The part of an inbox that keeps alarms. Every promise rejects if the disk or the database refuses. */
export interface AlarmKeeper {
  /** Takes in what a look has made of them. Answers with what whoever asks is to tell: of several replicas one tells it. */
  noteAlarms(noted: NotedAlarms): Promise<readonly AlarmNews[]>;
  openAlarms(now: number): Promise<KeptAlarms>;
  noteAlarmDelivery(delivery: AlarmDelivery): Promise<void>;
}

/** How the delivery of news goes. Until `retriesUntil` nobody else tries. */
export interface AlarmDelivery {
  readonly news: AlarmNews;
  readonly isHeard: boolean;
  readonly retriesUntil: number;
}

/** An alarm of the last thirty days, raised or over, as commands see it. */
export interface AlarmRecord extends Alarm {
  /** Milliseconds since 1970; null while it is raised. */
  readonly overAt: number | null;
}

/** Whoever is to tell something has told it, or said that it goes on trying, by then. */
export const TELLING_MS = 2 * MINUTE_MS;
const CLOCKS_APART_MS = MINUTE_MS;

/** What is stored of an alarm that is raised. */
export interface RaisedRow {
  readonly id: number;
  readonly since: number;
  readonly toldAt: number;
  readonly seenAt: number;
}

/** Whether it is time to tell an alarm again that stays. A time to come was written by a clock that was wrong. */
export function isRepeatDue({ toldAt }: Pick<RaisedRow, 'toldAt'>, { now, repeatMs }: NotedAlarms): boolean {
  return now - toldAt >= repeatMs || toldAt > now + CLOCKS_APART_MS;
}

/** Whether nobody has found it for so long that it is over; another replica may still find it. */
export function isCalm({ seenAt }: Pick<RaisedRow, 'seenAt'>, { now, calmMs }: NotedAlarms): boolean {
  return now - seenAt >= calmMs || seenAt > now + CLOCKS_APART_MS;
}

/** No two alarms that are raised have the same. */
export function alarmKey({ kind, subject }: Pick<Alarm, 'kind' | 'subject'>): string {
  return `${kind} ${subject}`;
}

/** In the order in which every replica locks them. */
export function inOrderOfSubject<T extends Pick<Alarm, 'subject'>>(alarms: readonly T[]): T[] {
  return alarms.toSorted(({ subject: one }, { subject: other }) => (one < other ? -1 : Number(one > other)));
}

export const ALARM_COLUMNS = 'kind, subject, since, says, fix';

/** An alarm that nobody has heard of yet, as it is to be told. */
export function newsOf({ overAt, ...alarm }: Alarm & { readonly overAt: number | null }): AlarmNews {
  return { type: overAt === null ? 'alarm.raised' : 'alarm.over', alarm };
}

/** Those that are raised first, then the newest; $1: so many at most. In SQL that both databases understand. */
export const ALARMS_KEPT = `SELECT kind, subject, since, over_at AS "overAt", says, fix FROM alarms
  ORDER BY over_at IS NULL DESC, since DESC, id DESC LIMIT $1`;
