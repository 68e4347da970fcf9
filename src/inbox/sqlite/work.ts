/**
 * What happens to the rows of `work` after receipt: an event is handed out, how that went is written down, and an operator has it
 * replayed or discarded. Part of a transaction of store.ts.
 */
import type { CircuitKnobs } from '../circuit.ts';
import type { Route, Settlement } from '../contract.ts';
import { idInBatch } from '../event-id.ts';
import { isEnd, outcomeOf, type WorkState } from '../event-states.ts';
import type { Part } from '../items.ts';
import { unlessOvertaken } from '../newest.ts';
import { DISCARDED_BY_HAND, type Order, type OrderStep, planOrder } from '../order.ts';
import type { Query } from '../sqlite-file.ts';
import { discardItems, itemForDelivery, planSplit } from './batches.ts';
import { noteCause } from './causes.ts';
import { admitState } from './receipt.ts';
import type { DueWork, Statements, StoredEvent } from './statements.ts';
import type { Turn } from './turn.ts';

/** So many at most for one handler in one transaction, to keep it short. */
const CLAIM_STEP = 100;

/** What nobody will run must hold nothing up: suspects of handlers that are gone, and what waits where nobody is `latest` now. */
export function freeUnwired(sql: Statements, routes: ReadonlyMap<string, Route>): void {
  const suspects = sql.suspects.all();
  for (const { handler } of suspects) if (!routes.has(handler)) sql.forgetSuspects.run(handler);
  const waiting = sql.waiting.all();
  for (const { handler } of waiting) if (!routes.get(handler)?.latest) sql.free.run(handler);
  // It takes whole events by now, or none.
  const splitting = sql.splitHandlers.all();
  for (const { handler } of splitting) if (!routes.get(handler)?.items) sql.unsplit.run(handler);
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
    : turn.sql.updateWork.run(
        state,
        attempts,
        due,
        alone ? 1 : 0,
        settlement.cause ?? null,
        event,
        handler,
        attempt,
      );
  // A late word on an attempt that was given up changes nothing: the slot may be the next attempt's already.
  if (changes === 0) return;
  if (turn.scheduler.isOut(handler, event)) {
    turn.scheduler.returnSlot(handler, event);
    const change = settlement.cut
      ? undefined
      : turn.scheduler.targets.noteEnd(handler, settlement.unavailable, turn.now, circuit);
    if (change) turn.circuitChanges.push(change);
  }
  if (state === 'pending') turn.scheduler.expect(alone ? undefined : handler, due);
  turn.counts.move(handler, 'handling', state === 'dead' || state === 'pending' ? state : undefined);
  if (thing !== null) {
    turn.sql.unblock.run(handler, thing);
    turn.scheduler.expect(handler, 0);
  }
  noteCause(turn, settlement);
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
    const paused = `\n${[...scheduler.pausedHandlers].join('\n')}\n`;
    const rows = sql.dueAlone.all(now, paused);
    if (rows.length === 0) scheduler.expect(undefined, dueOf(sql.nextAlone, paused), true);
    else giveEach(turn, rows);
    return;
  }
  for (const handler of scheduler.handlersWithWork(now)) {
    const wanted = Math.min(scheduler.targets.of(handler).room(now), CLAIM_STEP);
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
  let whole: (StoredEvent & { readonly event: number }) | undefined;
  for (const { event, batch, handler, attempts, alone, ...part } of rows) {
    // Items of one body mostly come one after the other.
    const number = batch ?? event;
    const read = whole?.event === number ? whole : (turn.sql.eventForDelivery.get(number) as StoredEvent);
    if (batch !== null) whole = { ...read, event: number };
    const stored = batch === null ? read : itemForDelivery(turn, read, handler, { batch, ...part } as Part);
    if (!turn.scheduler.takeSlot(handler, event, stored.body.length, turn.now, alone === 1)) break;
    turn.sql.startWork.run(event, handler);
    turn.counts.move(handler, 'pending', 'handling');
    const delivery = { event, id: idInBatch(event, batch), handler, attempt: attempts + 1 };
    const { type, externalId, receivedAt, headers } = stored;
    const out = { ...delivery, type, externalId, receivedAt, headers, body: Buffer.from(stored.body) };
    turn.deliveries.push(batch === null ? out : { ...out, batch });
    given++;
  }
  return given;
}

/** Returns how many deliveries changed. Throws, changing nothing, if the order makes no sense. */
export function orderInTurn(turn: Turn, order: Order): number {
  const batch = turn.sql.batchOf.get({ $number: order.event });
  const row = turn.sql.eventForOrder.get(batch?.event ?? order.event);
  const items = batch?.event === order.event ? turn.sql.workOfItems.all(batch.event, batch.last) : [];
  const work = [...items, ...turn.sql.workOfEvent.all(order.event)];
  const states = new Map(work.map(({ handler, state }) => [handler, state]));
  const steps = planOrder(order, row && { ...row, states, batch: batch?.event ?? null }, turn.sources);
  const change = (step: OrderStep, from: WorkState | undefined) =>
    order.action === 'replay'
      ? replayInTurn(turn, order.event, step, from, 0)
      : discardInTurn(turn, order.event, step, from);
  return steps.filter((step) => change(step, states.get(step.handler))).length;
}

/** It waits from now on. `due`: 0 for its old place among what waits; a time for one behind all that is new. `since`: null for what is new. */
export function replayInTurn(
  turn: Turn,
  event: number,
  { handler, state, part, splits }: OrderStep,
  from: WorkState | undefined,
  due: number,
  since: number | null = turn.now,
): boolean {
  if (splits) {
    planSplit(turn, event, handler, { due, since, from: turn.sql.workAt.get(event, handler)?.state });
    return true;
  }
  const admission = state ? admitState(turn, handler, event, state) : 'free';
  if (admission === 'overtaken') {
    turn.sql.deleteWork.run(event, handler);
    turn.counts.move(handler, from, undefined);
    return false;
  }
  turn.sql.replayWork.run({
    $event: event,
    $handler: handler,
    $due: due,
    $thing: state ? state.thing : null,
    $behind: admission === 'behind' ? 1 : 0,
    $since: since,
    $batch: part?.batch ?? null,
    $itemAt: part?.itemAt ?? null,
    $itemLength: part?.itemLength ?? null,
  });
  turn.counts.move(handler, from, 'pending');
  turn.scheduler.expect(handler, 0);
  return true;
}

export function discardInTurn(
  turn: Turn,
  event: number,
  { handler, splits }: OrderStep,
  from?: WorkState,
): boolean {
  if (splits) return discardItems(turn, event, handler);
  turn.sql.deleteWork.run(event, handler);
  turn.sql.insertAttempt.run(event, handler, turn.now, 0, 0, 'discarded', DISCARDED_BY_HAND, null, null);
  turn.counts.move(handler, from, undefined);
  return true;
}
