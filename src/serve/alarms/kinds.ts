/** Every kind of alarm there is, one row each. docs/operating.md has the same rows for people, which a test compares. */
import type { AlarmRule } from './alarm.ts';
import { backlogAlarm } from './backlog.ts';
import { clockAlarm } from './clock.ts';
import { deadAlarm } from './dead.ts';
import { diskAlarm } from './disk.ts';
import { inboxAlarm } from './inbox.ts';
import { refusalsAlarm } from './refusals.ts';
import { silenceAlarm } from './silence.ts';
import { unkeptAlarm } from './unkept.ts';

export const ALARM_RULES: readonly AlarmRule[] = [
  refusalsAlarm,
  silenceAlarm,
  clockAlarm,
  inboxAlarm,
  unkeptAlarm,
  deadAlarm,
  backlogAlarm,
  diskAlarm,
];
