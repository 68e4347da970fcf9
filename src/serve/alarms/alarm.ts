/**
 * The nouns of the alarms. Every kind looks for itself and answers with its findings, all that is wrong by its rule at
 * present; the book (book.ts) makes alarms of them, which begin, are repeated, and end.
 */
import type { AlarmTarget } from '../config/knobs.ts';

export const ALARM_KINDS = [
  'silence',
  'refusals',
  'dead',
  'backlog',
  'disk',
  'inbox',
  'clock',
  'unkept',
] as const;

export type AlarmKind = (typeof ALARM_KINDS)[number];

export interface Finding {
  /** A source, a handler, or nothing. From the configuration, never from a sender. */
  readonly subject: string;
  /** What is the matter. */
  readonly says: string;
  /** What to do. */
  readonly fix: string;
  /** Milliseconds since 1970; the time of the look if left out. */
  readonly since?: number;
}

export interface Alarm extends Required<Finding> {
  readonly kind: AlarmKind;
}

/** A source as alarms name it. */
export interface WatchedSource {
  readonly name: string;
  /** Of its settings, as in FLEXPORT. */
  readonly prefix: string;
  /** None: it is off. */
  readonly schemes: readonly string[];
}

/** The settings of the time; they may be read anew while the service runs. */
export interface AlarmSettings {
  readonly sources: readonly WatchedSource[];
  /** Undefined: alarms go to the log only. */
  readonly alarmTarget: AlarmTarget | undefined;
}

/** Takes a message there, in several tries if need be; rejects with why it could not. */
export type Deliver = (target: AlarmTarget, body: string, id: string, signal: AbortSignal) => Promise<void>;
