/**
 * The rules for `latest` handlers, which are told the newest state only. Each driver has its own statements for them.
 *
 * For each handler and thing at most one event is being handled, and at most one waits, the newest:
 *
 *   an older state comes       it is discarded, `overtaken`
 *   a newer state comes        what waits or is dead is discarded; behind one that is being handled it waits
 *   the one ahead ends         the one behind is handed out; if the one ahead failed, it is not tried again
 *
 * Of two states of the same time the one that came later counts.
 */
import type { Settlement } from './contract.ts';
import { idOf } from './event-id.ts';
import { isEnd } from './event-states.ts';

/** A state of a thing, as an event tells it to a handler. `at`: when it held, in milliseconds since 1970. */
export interface EventState {
  readonly handler: string;
  readonly thing: Buffer;
  readonly at: number;
  readonly event: number;
}

type Dated = Pick<EventState, 'at' | 'event'>;

export function isNewer(one: Dated, other: Dated): boolean {
  return one.at > other.at || (one.at === other.at && one.event > other.event);
}

/** The error of an attempt that is not made, or not made again, because `event` tells a newer state. */
export function overtakenBy(event: number): string {
  return `overtaken: ${idOf(event)} has a newer state`;
}

/** A failed attempt is not repeated if another event, `newest`, tells the newest state of its thing by now. */
export function unlessOvertaken(settlement: Settlement, newest: number | undefined): Settlement {
  const { event, state } = settlement;
  if (newest === undefined || newest === event || isEnd(state)) return settlement;
  const error = [settlement.error, overtakenBy(newest)].filter(Boolean).join('; ');
  return { ...settlement, state: 'discarded', counted: true, alone: false, error };
}
