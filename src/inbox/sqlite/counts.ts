/** How many events are in which state for which handler: memory beside the tables, copied for each transaction like the scheduler. */
import type { Backlog } from '../contract.ts';
import type { WorkState } from '../event-states.ts';

export class StateCounts {
  /** By `handler state`. */
  readonly #counts = new Map<string, number>();

  constructor(backlog: readonly Backlog[]) {
    for (const { handler, state, count } of backlog) this.#counts.set(`${handler} ${state}`, count);
  }

  copy(): StateCounts {
    return new StateCounts(this.list());
  }

  move(handler: string, from: WorkState | undefined, to: WorkState | undefined): void {
    if (from) this.#add(`${handler} ${from}`, -1);
    if (to) this.#add(`${handler} ${to}`, 1);
  }

  list(): Backlog[] {
    return [...this.#counts]
      .filter(([, count]) => count > 0)
      .map(([key, count]) => {
        const [handler, state] = key.split(' ') as [string, WorkState];
        return { handler, state, count };
      });
  }

  #add(key: string, by: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }
}
