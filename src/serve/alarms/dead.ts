/**
 * The alarm `dead`: events have died since the service started. Events that were dead before are no news. An event that died
 * since then is, until somebody has replayed or discarded it.
 */
import { sourceOf } from '../../inbox/contract.ts';
import type { AlarmFinding, AlarmRule } from './alarm.ts';

interface DeadMemory {
  /** For each handler how many dead events are no news, never more than there are. Undefined before the first look. */
  known: ReadonlyMap<string, number> | undefined;
}

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
