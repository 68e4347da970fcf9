/** The statements for the rules of ../newest.ts, one event at a time. Part of a transaction of store.ts. */
import type { Settlement } from '../contract.ts';
import type { State } from '../newest.ts';
import { isNewer, overtakenBy } from '../newest.ts';
import type { Turn } from './store.ts';

export type Admission = 'free' | 'behind' | 'overtaken';

/** Admits an event among those that tell the same thing's state, and discards what it overtakes. */
export function admitState(turn: Turn, handler: string, event: number, { thing, at }: State): Admission {
  const known = turn.sql.newestOf.get(handler, thing);
  if (known && isNewer(known, { at, event })) {
    noteOvertaken(turn, handler, event, 0, known.event);
    return 'overtaken';
  }
  turn.sql.setNewest.run(handler, thing, at, event);
  let admission: Admission = 'free';
  for (const other of turn.sql.workOfThing.all(handler, thing, event)) {
    if (other.state === 'handling') {
      admission = 'behind';
      continue;
    }
    turn.sql.deleteWork.run(other.event, handler);
    turn.counts.move(handler, other.state, undefined);
    noteOvertaken(turn, handler, other.event, other.attempts, event);
  }
  return admission;
}

/** The thing of a row of `work` that is about to be settled; null for most. */
export function thingOfWork(turn: Turn, { handler, event }: Pick<Settlement, 'handler' | 'event'>) {
  if (!turn.routes.get(handler)?.latest) return null;
  return turn.sql.thingOf.get(event, handler)?.thing ?? null;
}

/** The event with a thing's newest state. */
export function newestEvent(turn: Turn, handler: string, thing: Uint8Array | null): number | undefined {
  if (thing === null) return undefined;
  return turn.sql.newestOf.get(handler, thing)?.event;
}

/** Called when the one ahead has ended. */
export function freeBehind(turn: Turn, handler: string, thing: Uint8Array | null): void {
  if (thing === null) return;
  turn.sql.unblock.run(handler, thing);
  turn.scheduler.expect(handler, 0);
}

function noteOvertaken(turn: Turn, handler: string, event: number, attempt: number, by: number): void {
  turn.sql.insertAttempt.run(event, handler, turn.now, attempt, 0, 'discarded', overtakenBy(by), null, null);
}
