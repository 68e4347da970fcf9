/** Alarms about what events and refused requests are stored in: `inbox`, `disk` and `unkept`. */
import { type AlarmRule, durationOf } from './alarm.ts';

/** The inbox has taken no writes at two looks in a row. One bad moment is no alarm. */
export const inboxAlarm: AlarmRule<{ failingSince: number | undefined }> = {
  kind: 'inbox',
  memory: () => ({ failingSince: undefined }),
  find({ takesWrites, now }, memory) {
    const since = memory.failingSince;
    memory.failingSince = takesWrites ? undefined : (since ?? now);
    if (takesWrites || since === undefined) return [];
    const says = 'the inbox takes no writes: every webhook is answered with 503';
    const fix =
      'Look at its disk (full, read-only or gone?) or its database. The log has the reason that was given.';
    return [{ subject: '', since, says, fix }];
  },
};

export const diskAlarm: AlarmRule = {
  kind: 'disk',
  async find({ knobs, diskFreeMb }) {
    const freeMb = await diskFreeMb();
    if (freeMb === undefined || freeMb >= knobs.diskFreeMb) return [];
    const says = `${freeMb} MiB are free on the disk of the inbox, less than ${knobs.diskFreeMb}`;
    const fix = 'Make room or give it a larger disk: once it is full, every webhook is answered with 503.';
    return [{ subject: '', says, fix }];
  },
};

/** Both counts are of requests dropped since the service started. */
interface UnkeptMemory {
  /** The count before the drops that this alarm is about. */
  before: number;
  lastSeen: number;
  grewAt: number;
}

/**
 * Refused requests were dropped, because too many came or their disk did not keep up. The alarm stays until none was dropped
 * for as long as the window.
 */
export const unkeptAlarm: AlarmRule<UnkeptMemory> = {
  kind: 'unkept',
  memory: () => ({ before: 0, lastSeen: 0, grewAt: Number.NEGATIVE_INFINITY }),
  find({ refusalsDropped, knobs: { windowMs }, now }, memory) {
    if (refusalsDropped > memory.lastSeen) memory.grewAt = now;
    memory.lastSeen = refusalsDropped;
    if (now - memory.grewAt >= windowMs) {
      memory.before = refusalsDropped;
      return [];
    }
    const count = refusalsDropped - memory.before;
    const ago = durationOf(windowMs);
    const says = `${count} refused requests could not be kept, the last of them less than ${ago} ago`;
    const fix =
      'They cannot be judged again with another secret. `events refused list` says who sends so many.';
    return [{ subject: '', says, fix }];
  },
};
