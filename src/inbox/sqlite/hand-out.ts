/** Handing events out to handlers, and writing down how it went. Part of a transaction of store.ts. */
import { outcomeOf, type Settlement } from '../contract.ts';
import { idOf } from '../event-id.ts';
import { unlessOvertaken } from '../newest.ts';
import { freeBehind, newestEvent, thingOfWork } from './newest.ts';
import type { DueWork, Query, StoredEvent } from './statements.ts';
import type { Turn } from './store.ts';

/** So many at most for one handler in one transaction, to keep it short. */
const CLAIM_STEP = 100;

export function settle(turn: Turn, told: Settlement): void {
  const thing = thingOfWork(turn, told);
  const settlement = unlessOvertaken(told, newestEvent(turn, told.handler, thing));
  const { event, handler, attempt, state, counted, due } = settlement;
  // What must run alone holds everything else back; what nobody will run must not.
  const alone = settlement.alone && turn.routes.has(handler);
  const attempts = attempt - (counted ? 0 : 1);
  const { changes } =
    state === 'done' || state === 'discarded'
      ? turn.sql.finishWork.run(event, handler, attempt)
      : turn.sql.updateWork.run(state, attempts, due, alone ? 1 : 0, event, handler, attempt);
  // A late word on an attempt that was given up changes nothing: the slot may be the next attempt's already.
  if (changes === 0) return;
  turn.desk.returnSlot(handler, event);
  turn.desk.hear(handler, settlement.restMs, turn.now);
  if (state === 'pending') turn.desk.expect(alone ? undefined : handler, due);
  turn.counts.move(handler, 'handling', state === 'dead' || state === 'pending' ? state : undefined);
  freeBehind(turn, handler, thing);
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

/** Gives what is due, oldest first, to handlers with free slots; a suspect only when nothing else runs. */
export function handOut(turn: Turn): void {
  const { desk, sql, now } = turn;
  if (desk.aloneIsDue(now)) {
    if (!desk.idle) return;
    const rows = sql.dueAlone.all(now);
    if (rows.length === 0) desk.expect(undefined, dueOf(sql.nextAlone), true);
    else giveEach(turn, rows);
    return;
  }
  for (const handler of desk.handlersWithWork(now)) {
    const wanted = Math.min(desk.room(handler, now), CLAIM_STEP);
    const rows = sql.due.all(handler, now, wanted);
    const given = giveEach(turn, rows);
    if (given < wanted && given === rows.length) desk.expect(handler, dueOf(sql.nextDue, handler), true);
  }
}

function dueOf(statement: Query<{ due: number }>, ...parameters: string[]): number {
  return statement.get(...parameters)?.due ?? Number.POSITIVE_INFINITY;
}

function giveEach(turn: Turn, rows: readonly DueWork[]): number {
  let given = 0;
  for (const { event, handler, attempts, alone } of rows) {
    const stored = turn.sql.eventForDelivery.get(event) as StoredEvent;
    if (!turn.desk.takeSlot(handler, event, stored.body.length, turn.now, alone === 1)) break;
    turn.sql.startWork.run(event, handler);
    turn.counts.move(handler, 'pending', 'handling');
    const delivery = { event, id: idOf(event), handler, attempt: attempts + 1 };
    turn.deliveries.push({ ...stored, ...delivery, body: Buffer.from(stored.body) });
    given++;
  }
  return given;
}
