/** The alarm about handlers that misbehave: `apart`. */
import type { AlarmRule } from './alarm.ts';

/** A handler looped, crashed, ran out of memory or kept its thread busy for seconds, and has a thread of its own since then. */
export const apartAlarm: AlarmRule = {
  kind: 'apart',
  find({ apart }) {
    return apart.map(({ handler, since, reason }) => ({
      subject: handler,
      since,
      says: `${handler} runs in a thread of its own: ${reason}`,
      fix: `\`consignee events failures --handler ${handler}\` shows what it was doing. Have it wait instead of compute, within its time limit; it goes back to the others once it has been well for a while.`,
    }));
  },
};
