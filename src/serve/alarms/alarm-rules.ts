/** The table of alarms. watch.ts asks its rules; the metrics and the pages name its kinds, and the status has them in its order. */
import type { AlarmRule } from './alarm.ts';
import { clockAlarm } from './clock.ts';
import { apartAlarm, backlogAlarm, deadAlarm, failingAlarm } from './handlers.ts';
import { diskAlarm, inboxAlarm, lookAlarm, unheardAlarm, unkeptAlarm } from './inbox.ts';
import { lostAlarm, observedAlarm } from './lost.ts';
import { refusalsAlarm } from './refusals.ts';
import { restartsAlarm } from './restarts.ts';
import { silenceAlarm } from './silence.ts';

/**
 * Every kind of alarm there is, one row each: first those by which events are lost or soon will be, the worst first, and in that order
 * the status tells of them. docs/alarms.md has the same rows for people, which a test compares.
 */
export const ALARM_RULES: readonly AlarmRule[] = [
  inboxAlarm,
  diskAlarm,
  lostAlarm,
  refusalsAlarm,
  failingAlarm,
  restartsAlarm,
  apartAlarm,
  clockAlarm,
  deadAlarm,
  backlogAlarm,
  silenceAlarm,
  unkeptAlarm,
  observedAlarm,
  lookAlarm,
  unheardAlarm,
];
