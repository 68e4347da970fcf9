/** The alarm `disk`: little room is left where the inbox is. */
import type { AlarmRule } from './alarm.ts';

export const diskAlarm: AlarmRule = {
  kind: 'disk',
  async find({ knobs, diskFreeMb }) {
    const freeMb = await diskFreeMb();
    if (freeMb === undefined || freeMb >= knobs.diskFreeMb) return [];
    return [
      {
        subject: '',
        says: `${freeMb} MiB are free on the disk of the inbox, less than ${knobs.diskFreeMb}`,
        fix: 'Make room or give it a larger disk: once it is full, every webhook is answered with 503.',
      },
    ];
  },
};
