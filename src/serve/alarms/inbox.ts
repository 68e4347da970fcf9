/** The alarm `inbox`: the inbox has taken no writes at two looks in a row. One bad moment is no alarm. */
import type { AlarmRule } from './alarm.ts';

interface InboxMemory {
  failingSince: number | undefined;
}

export const inboxAlarm: AlarmRule<InboxMemory> = {
  kind: 'inbox',
  memory: () => ({ failingSince: undefined }),
  find({ takesWrites, now }, memory) {
    const since = memory.failingSince;
    memory.failingSince = takesWrites ? undefined : (since ?? now);
    if (takesWrites || since === undefined) return [];
    return [
      {
        subject: '',
        since,
        says: 'the inbox takes no writes: every webhook is answered with 503',
        fix: 'Look at its disk (full, read-only or gone?) or its database. The log has the reason that was given.',
      },
    ];
  },
};
