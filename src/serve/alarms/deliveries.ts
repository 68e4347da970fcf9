/** Alarms about what handlers have to do: `backlog` and `dead`. */
import { type Backlog, sourceOf } from '../../inbox/contract.ts';
import { type AlarmFinding, type AlarmRule, durationOf } from './alarm.ts';

const NAMED_MAX = 3;

/**
 * The oldest event that waits for a handler has waited for too long. If a target is down, its handlers are the subjects;
 * otherwise there is no subject, and the words name the handlers that have most to do.
 */
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

interface DeadMemory {
  /** For each handler how many dead events are no news, never more than there are. Undefined before the first look. */
  known: ReadonlyMap<string, number> | undefined;
}

/**
 * Events have died since the service started. Events that were dead before are no news. An event that died since then is,
 * until somebody has replayed or discarded it.
 */
export const deadAlarm: AlarmRule<DeadMemory> = {
  kind: 'dead',
  memory: () => ({ known: undefined }),
  async find(look, memory) {
    const { backlog } = await look.status();
    const dead = backlog.filter(({ state, count }) => state === 'dead' && count > 0);
    const before = memory.known;
    const known = new Map(
      dead.map(({ handler, count }) => [handler, before ? Math.min(count, before.get(handler) ?? 0) : count]),
    );
    memory.known = known;
    return dead.flatMap(({ handler, count }) => {
      const fresh = count - (known.get(handler) ?? 0);
      return fresh > 0 ? [deadFinding(handler, fresh, count)] : [];
    });
  },
};

function deadFinding(handler: string, fresh: number, count: number): AlarmFinding {
  const source = sourceOf(handler);
  const events = fresh === 1 ? '1 event has died' : `${fresh} events have died`;
  const before = count > fresh ? `; ${count} are dead in all` : '';
  return {
    subject: handler,
    says: `${handler}: ${events}, its attempts spent or declined${before}`,
    fix: `\`events list --state dead --source ${source}\` names them and \`events show\` says why; then replay or discard them.`,
  };
}
