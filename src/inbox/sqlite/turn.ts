/**
 * What one transaction of store.ts works with: the tables, and copies of what is remembered beside them. Thrown away if it
 * fails.
 */
import type { Backlog, Delivery, Route } from '../contract.ts';
import type { WorkState } from '../event-states.ts';
import type { Scheduler } from '../scheduler.ts';
import type { SqlText } from '../selection-steps.ts';
import type { SqlRow } from '../sqlite-file.ts';
import type { StoredSource } from '../stored-source.ts';
import type { CircuitChange } from '../targets.ts';
import type { Statements } from './statements.ts';

/** How many events, or items, are in which state for which handler, by `handler state`. */
export class StateCounts extends Map<string, number> {
  move(handler: string, from: WorkState | undefined, to: WorkState | undefined, count = 1): void {
    if (from) this.#add(`${handler} ${from}`, -count);
    if (to) this.#add(`${handler} ${to}`, count);
  }

  backlog(): Backlog[] {
    const counted = [...this].filter(([, count]) => count > 0);
    return counted.map(([key, count]) => {
      const [handler, state] = key.split(' ') as [string, WorkState];
      return { handler, state, count };
    });
  }

  #add(key: string, by: number): void {
    this.set(key, (this.get(key) ?? 0) + by);
  }
}

export interface Turn {
  readonly sql: Statements;
  rows<Row extends SqlRow<Row>>(text: SqlText): Row[];
  readonly sources: ReadonlyMap<string, StoredSource>;
  /** By handler. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly scheduler: Scheduler;
  readonly counts: StateCounts;
  readonly now: number;
  /** The newest event's number, or that of its last item. */
  last: number;
  readonly deliveries: Delivery[];
  readonly circuitChanges: CircuitChange[];
}
