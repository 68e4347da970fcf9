/**
 * Dead events: some have died since the service started. Those that were dead before are known, and so are those that
 * stay dead: only what comes on top is news, until somebody has replayed or discarded it.
 */
import { type InboxStatus, sourceOf } from '../../inbox/contract.ts';
import type { Finding } from './alarm.ts';

export class DeadEvents {
  /** By handler; never more than there are. */
  #known: ReadonlyMap<string, number> | undefined;

  findings({ backlog }: InboxStatus): Finding[] {
    const dead = backlog.filter(({ state, count }) => state === 'dead' && count > 0);
    const known = this.#known;
    this.#known = new Map(
      dead.map(({ handler, count }) => [handler, known ? Math.min(count, known.get(handler) ?? 0) : count]),
    );
    return dead.flatMap(({ handler, count }) => {
      const fresh = count - (this.#known?.get(handler) ?? 0);
      return fresh > 0 ? [findingOf(handler, fresh, count)] : [];
    });
  }
}

function findingOf(handler: string, fresh: number, count: number): Finding {
  const source = sourceOf(handler);
  const events = fresh === 1 ? '1 event has died' : `${fresh} events have died`;
  const before = count > fresh ? `; ${count} are dead in all` : '';
  return {
    subject: handler,
    says: `${handler}: ${events}, its attempts spent or declined${before}`,
    fix: `\`events list --state dead --source ${source}\` names them and \`events show\` says why; then replay or discard them.`,
  };
}
