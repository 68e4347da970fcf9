/** Alarms about what handlers have to do: `backlog` and `dead`. */
import { type Backlog, sourceOf } from '../../inbox/contract.ts';
import { type AlarmFinding, type AlarmRule, durationOf } from './alarm.ts';

const NAMED_MAX = 3;
const BACKLOG_FIX =
  '`events list --state pending` names them: attempts that fail and fail, or more events than a handler gets through.';

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
    const says = `the oldest event that waits for a handler has waited for ${age} (waiting: ${named.join(', ')})`;
    return [{ subject: '', since, says, fix: BACKLOG_FIX }];
  },
};

function restingFinding({ handler, count }: Backlog, age: string, since: number): AlarmFinding {
  const events = count === 1 ? '1 event waits' : `${count} events wait`;
  const says = `${handler}: ${events}, since what it delivers to is down; the oldest of all waits for ${age}`;
  const fix =
    'Bring the other side back: it is tried with one event now and then, and gets the rest once it takes that one.';
  return { subject: handler, since, says, fix };
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
    const knownOf = ({ handler, count }: Backlog) =>
      before ? Math.min(count, before.get(handler) ?? 0) : count;
    memory.known = new Map(dead.map((of) => [of.handler, knownOf(of)]));
    return dead.filter((of) => of.count > knownOf(of)).map((of) => deadFinding(of, of.count - knownOf(of)));
  },
};

function deadFinding({ handler, count }: Backlog, fresh: number): AlarmFinding {
  const list = `events list --state dead --source ${sourceOf(handler)}`;
  const events = fresh === 1 ? '1 event has died' : `${fresh} events have died`;
  const before = count > fresh ? `; ${count} are dead in all` : '';
  const says = `${handler}: ${events}, its attempts spent or declined${before}`;
  const fix = `\`${list}\` names them and \`events show\` says why; then replay or discard them.`;
  return { subject: handler, says, fix };
}
