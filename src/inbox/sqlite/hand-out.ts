/** Handing events out to handlers, and writing down how it went. Part of a transaction of store.ts. */
import type { CircuitKnobs } from '../circuit.ts';
import { outcomeOf, type Route, type Settlement } from '../contract.ts';
import { idOf } from '../event-id.ts';
import { isEnd } from '../event-states.ts';
import { unlessOvertaken } from '../newest.ts';
import type { Query } from '../sqlite-file.ts';
import type { DueWork, Statements, StoredEvent } from './statements.ts';
import type { Turn } from './store.ts';

/** So many at most for one handler in one transaction, to keep it short. */
const CLAIM_STEP = 100;

/** What nobody will run must hold nothing up: suspects of handlers that are gone, and what waits where nobody is `latest` now. */
export function freeUnwired(sql: Statements, routes: ReadonlyMap<string, Route>): void {
  const suspects = sql.suspects.all();
  for (const { handler } of suspects) if (!routes.has(handler)) sql.forgetSuspects.run(handler);
  const waiting = sql.waiting.all();
  for (const { handler } of waiting) if (!routes.get(handler)?.latest) sql.free.run(handler);
}

export function settle(turn: Turn, given: Settlement, circuit: CircuitKnobs): void {
  const thing = thingOfWork(turn, given);
  const newest = thing === null ? undefined : turn.sql.newestOf.get(given.handler, thing);
  const settlement = unlessOvertaken(given, newest?.event);
  const { event, handler, attempt, state, counted, due } = settlement;
  // A suspect blocks all other hand-outs until it has run. If its handler is not wired any more nobody would run it.
  const alone = settlement.alone && turn.routes.has(handler);
  const attempts = attempt - (counted ? 0 : 1);
  const { changes } = isEnd(state)
    ? turn.sql.finishWork.run(event, handler, attempt)
    : turn.sql.updateWork.run(state, attempts, due, alone ? 1 : 0, event, handler, attempt);
  // A late word on an attempt that was given up changes nothing: the slot may be the next attempt's already.
  if (changes === 0) return;
  if (turn.scheduler.isOut(handler, event)) {
    turn.scheduler.returnSlot(handler, event);
    // Otherwise its thread was lost under it, which says nothing about the target.
    const change = turn.scheduler.targets.noteEnd(handler, settlement.unavailable, turn.now, circuit);
    if (change) turn.circuitChanges.push(change);
  }
  if (state === 'pending') turn.scheduler.expect(alone ? undefined : handler, due);
  turn.counts.move(handler, 'handling', state === 'dead' || state === 'pending' ? state : undefined);
  if (thing !== null) {
    turn.sql.unblock.run(handler, thing);
    turn.scheduler.expect(handler, 0);
  }
  turn.sql.insertAttempt.run(
    event,
    handler,
    settlement.startedAt,
    attempt,
    settlement.ms,
    outcomeOf(settlement),
    settlement.error,
    settlement.status,
    settlement.output,
  );
}

/** The thing of a row of `work` that is about to be settled; null for most. */
function thingOfWork(turn: Turn, { handler, event }: Settlement): Uint8Array | null {
  if (!turn.routes.get(handler)?.latest) return null;
  return turn.sql.thingOf.get(event, handler)?.thing ?? null;
}

/** Gives what is due, oldest first, to handlers with free slots; a suspect only when nothing else runs. */
export function handOut(turn: Turn): void {
  const { scheduler, sql, now } = turn;
  if (scheduler.aloneIsDue(now)) {
    if (!scheduler.idle) return;
    const rows = sql.dueAlone.all(now);
    if (rows.length === 0) scheduler.expect(undefined, dueOf(sql.nextAlone), true);
    else giveEach(turn, rows);
    return;
  }
  for (const handler of scheduler.handlersWithWork(now)) {
    const wanted = Math.min(scheduler.room(handler, now), CLAIM_STEP);
    const rows = sql.due.all(handler, now, wanted);
    const given = giveEach(turn, rows);
    if (given < wanted && given === rows.length) scheduler.expect(handler, dueOf(sql.nextDue, handler), true);
  }
}

function dueOf(statement: Query<{ due: number }>, ...parameters: string[]): number {
  return statement.get(...parameters)?.due ?? Number.POSITIVE_INFINITY;
}

function giveEach(turn: Turn, rows: readonly DueWork[]): number {
  let given = 0;
  for (const { event, handler, attempts, alone } of rows) {
    const stored = turn.sql.eventForDelivery.get(event) as StoredEvent;
    if (!turn.scheduler.takeSlot(handler, event, stored.body.length, turn.now, alone === 1)) break;
    turn.sql.startWork.run(event, handler);
    turn.counts.move(handler, 'pending', 'handling');
    const delivery = { event, id: idOf(event), handler, attempt: attempts + 1 };
    turn.deliveries.push({ ...stored, ...delivery, body: Buffer.from(stored.body) });
    given++;
  }
  return given;
}
