/**
 * The alarm `unkept`: refused requests were dropped, because too many came or their disk did not keep up. The alarm stays
 * until none was dropped for as long as the window.
 */
import type { AlarmRule } from './alarm.ts';
import { durationOf } from './times.ts';

/** Both counts are of requests dropped since the service started. */
interface UnkeptMemory {
  /** The count before the drops that this alarm is about. */
  before: number;
  lastSeen: number;
  grewAt: number;
}

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
    return [
      {
        subject: '',
        says: `${count} refused requests could not be kept, the last of them less than ${durationOf(windowMs)} ago`,
        fix: 'They cannot be judged again with another secret. `events refused list` says who sends so many.',
      },
    ];
  },
};
