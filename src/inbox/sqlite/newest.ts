/**
 * The newest state only: what `latest` handlers are spared. Part of a transaction of store.ts.
 *
 * For each handler and thing at most one event is being handled, and at most one waits, the newest:
 *
 *   an older state comes       it is discarded, `overtaken`
 *   a newer state comes        what waits or is dead is discarded; behind one that is being handled it waits
 *   the one ahead ends         the one behind is handed out; if the one ahead failed, it is not tried again
 *
 * Of two states of the same time the one that came later counts.
 */
import type { Route, Settlement, WorkState } from '../contract.ts';
import { overtakenBy, type State } from '../state.ts';
import type { Turn } from './store.ts';

export type Place = 'free' | 'behind' | 'overtaken';

/** Finds an event its place among those of the same thing, and makes room for it. */
export function placeFor(turn: Turn, { handler }: Route, event: number, { thing, at }: State): Place {
  const known = turn.sql.newestOf.get(handler, thing) as { at: number; event: number } | undefined;
  if (known && (known.at > at || (known.at === at && known.event > event))) {
    noteOvertaken(turn, handler, event, 0, known.event);
    return 'overtaken';
  }
  turn.sql.setNewest.run(handler, thing, at, event);
  let place: Place = 'free';
  const others = turn.sql.workOfThing.all(handler, thing, event) as unknown as {
    event: number;
    state: WorkState;
    attempts: number;
  }[];
  for (const other of others) {
    if (other.state === 'handling') {
      place = 'behind';
      continue;
    }
    turn.sql.deleteWork.run(other.event, handler);
    turn.counts.move(handler, other.state, undefined);
    noteOvertaken(turn, handler, other.event, other.attempts, event);
  }
  return place;
}

/** The thing of a row of `work` that is about to be settled; null for most. */
export function thingOf(turn: Turn, { handler, event }: Pick<Settlement, 'handler' | 'event'>) {
  if (!turn.routes.get(handler)?.latest) return null;
  return (turn.sql.thingOf.get(event, handler) as { thing: Uint8Array | null } | undefined)?.thing ?? null;
}

/** A failed attempt at a state that is the newest no more is not repeated. */
export function unlessOvertaken(turn: Turn, settlement: Settlement, thing: Uint8Array | null): Settlement {
  if (thing === null || settlement.state === 'done' || settlement.state === 'discarded') return settlement;
  const known = turn.sql.newestOf.get(settlement.handler, thing) as { event: number } | undefined;
  if (!known || known.event === settlement.event) return settlement;
  const error = [settlement.error, overtakenBy(known.event)].filter(Boolean).join('; ');
  return { ...settlement, state: 'discarded', counted: true, alone: false, error };
}

/** Once the one ahead has ended. */
export function letNextIn(turn: Turn, handler: string, thing: Uint8Array | null): void {
  if (thing === null) return;
  turn.sql.unblock.run(handler, thing);
  turn.desk.expect(handler, 0);
}

function noteOvertaken(turn: Turn, handler: string, event: number, attempt: number, by: number): void {
  turn.sql.insertAttempt.run(event, handler, turn.now, attempt, 0, 'discarded', overtakenBy(by), null, null);
}
