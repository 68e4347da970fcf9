/** The table of alarms. watch.ts asks its rules; the metrics and the pages name its kinds. */
import type { AlarmRule } from './alarm.ts';
import { clockAlarm } from './clock.ts';
import { apartAlarm, backlogAlarm, deadAlarm, failingAlarm } from './handlers.ts';
import { diskAlarm, inboxAlarm, lookAlarm, unheardAlarm, unkeptAlarm } from './inbox.ts';
import { lostAlarm, observedAlarm } from './lost.ts';
import { refusalsAlarm } from './refusals.ts';
import { restartsAlarm } from './restarts.ts';
import { silenceAlarm } from './silence.ts';

/** Every kind of alarm there is, one row each. docs/alarms.md has the same rows for people, which a test compares. */
export const ALARM_RULES: readonly AlarmRule[] = [
  refusalsAlarm,
  lostAlarm,
  observedAlarm,
  silenceAlarm,
  unkeptAlarm,
  failingAlarm,
  deadAlarm,
  backlogAlarm,
  apartAlarm,
  restartsAlarm,
  clockAlarm,
  inboxAlarm,
  diskAlarm,
  lookAlarm,
  unheardAlarm,
];
