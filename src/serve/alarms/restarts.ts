/**
 * The alarm `restarts`: the service has ended without being stopped, again and again: killed, out of memory, or by an error. One
 * such end is a machine that was switched off.
 */
import { HOUR_MS } from '../../base/times.ts';
import { type AlarmRule, clockTimeOf, durationOf } from './alarm.ts';

const CRASHES_LEAST = 3;

export const restartsAlarm: AlarmRule = {
  kind: 'restarts',
  find({ crashes, now }) {
    const recent = crashes.filter((at) => now - at < HOUR_MS);
    const [first = now] = recent;
    if (recent.length < CRASHES_LEAST) return [];
    const says = `the service has ended ${recent.length} times in ${durationOf(now - first)} without being stopped, since it was started at ${clockTimeOf(first, now)}; what it was asked meanwhile found nobody`;
    const fix =
      'Look at what ended it: its last lines in the log, and the system’s (`dmesg` tells of processes that were killed for their memory). Events that were answered are safe; what was being handled is tried again.';
    return [{ subject: '', since: first, says, fix }];
  },
};
