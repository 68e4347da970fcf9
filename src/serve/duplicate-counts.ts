/**
 * Which events have come again, and how often: gathered on the edge, and told to the inbox every few seconds (tally-book.ts), so that
 * the page of an event can say it. Bounded: of more events than that, those that came again last are known.
 */
import type { DuplicateCount } from '../inbox/counts.ts';
import { numberOf } from '../inbox/event-id.ts';
import type { MeterListener } from './meter.ts';

const EVENTS_MOST = 5_000;

export class DuplicateCounts {
  #counts = new Map<number, DuplicateCount>();

  readonly listener: MeterListener = {
    duplicate: (id) => {
      const event = numberOf(id);
      if (event !== undefined) this.#add({ event, count: 1, lastAt: Date.now() });
    },
  };

  /** Those that the inbox has not been told of, in the order of their numbers: replicas that tell at once wait in no circle. */
  take(): DuplicateCount[] {
    const taken = [...this.#counts.values()].sort((one, other) => one.event - other.event);
    this.#counts = new Map();
    return taken;
  }

  /** They could not be told. */
  giveBack(counts: readonly DuplicateCount[]): void {
    for (const count of counts) this.#add(count);
  }

  #add({ event, count, lastAt }: DuplicateCount): void {
    const known = this.#counts.get(event);
    this.#counts.delete(event);
    this.#counts.set(event, {
      event,
      count: count + (known?.count ?? 0),
      lastAt: Math.max(lastAt, known?.lastAt ?? 0),
    });
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > EVENTS_MOST && oldest !== undefined) this.#counts.delete(oldest);
  }
}
