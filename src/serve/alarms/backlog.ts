/**
 * The alarm `backlog`: the oldest event that waits for a handler has waited for too long. If a target is down, its handlers
 * are the subjects; otherwise there is no subject, and the words name the handlers that have most to do.
 */
import type { Backlog } from '../../inbox/contract.ts';
import type { AlarmFinding, AlarmRule } from './alarm.ts';
import { durationOf } from './times.ts';

const NAMED_MAX = 3;

export const backlogAlarm: AlarmRule = {
  kind: 'backlog',
  async find(look) {
    const { now, knobs } = look;
    const status = await look.status();
    const since = status.oldestPendingAt;
    if (since === null || now - since < knobs.backlogAgeMs) return [];
    const pending = status.backlog
      .filter(({ state, count }) => state === 'pending' && count > 0)
      .toSorted((one, other) => other.count - one.count);
    const resting = pending.filter(({ handler }) => status.resting.includes(handler));
    const age = durationOf(now - since);
    if (resting.length > 0) return resting.map((of) => restingFinding(of, age, since));
    const named = pending.slice(0, NAMED_MAX).map(({ handler, count }) => `${handler} ${count}`);
    return [
      {
        subject: '',
        since,
        says: `the oldest event that waits for a handler has waited for ${age} (waiting: ${named.join(', ')})`,
        fix: '`events list --state pending` names them: attempts that fail and fail, or more events than a handler gets through.',
      },
    ];
  },
};

function restingFinding({ handler, count }: Backlog, age: string, since: number): AlarmFinding {
  const events = count === 1 ? '1 event waits' : `${count} events wait`;
  return {
    subject: handler,
    since,
    says: `${handler}: ${events}, since what it delivers to is down; the oldest of all waits for ${age}`,
    fix: 'Bring the other side back: it is tried with one event now and then, and gets the rest once it takes that one.',
  };
}
