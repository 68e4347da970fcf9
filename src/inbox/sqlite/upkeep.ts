/** Carries out an operator's order, and purges. Part of a transaction of store.ts. */
import type { Order } from '../contract.ts';
import { firstNumberAt } from '../event-id.ts';
import type { WorkState } from '../event-states.ts';
import { DISCARDED_BY_HAND, type OrderStep, planOrder } from '../order.ts';
import { admitState } from './receipt.ts';
import type { Turn } from './store.ts';

const PURGE_STEP = 500;

/** Returns how many deliveries changed. Throws, changing nothing, if the order makes no sense. */
export function orderInTurn(turn: Turn, order: Order): number {
  const row = turn.sql.eventForOrder.get(order.event);
  const work = turn.sql.workOfEvent.all(order.event);
  const states = new Map(work.map(({ handler, state }) => [handler, state]));
  const steps = planOrder(order, row && { ...row, states }, turn.sources);
  const change = order.action === 'replay' ? replayInTurn : discardInTurn;
  return steps.filter((step) => change(turn, order.event, step, states.get(step.handler))).length;
}

function replayInTurn(turn: Turn, event: number, { handler, state }: OrderStep, from?: WorkState): boolean {
  const admission = state ? admitState(turn, handler, event, state) : 'free';
  if (admission === 'overtaken') {
    turn.sql.deleteWork.run(event, handler);
    turn.counts.move(handler, from, undefined);
    return false;
  }
  turn.sql.replayWork.run(event, handler, state ? state.thing : null, admission === 'behind' ? 1 : 0);
  turn.counts.move(handler, from, 'pending');
  turn.scheduler.expect(handler, 0);
  return true;
}

function discardInTurn(turn: Turn, event: number, { handler }: OrderStep, from?: WorkState): boolean {
  turn.sql.deleteWork.run(event, handler);
  turn.sql.insertAttempt.run(event, handler, turn.now, 0, 0, 'discarded', DISCARDED_BY_HAND, null, null);
  turn.counts.move(handler, from, undefined);
  return true;
}

/** One bounded step by the rule of Inbox.purge. An event's key stands in its own row. The cursor is 0 at the end. */
export function purgeInTurn(turn: Turn, cursor: number, eventsBefore: number, keysBefore: number) {
  const rows = turn.sql.purgeable.all(cursor, firstNumberAt(eventsBefore), PURGE_STEP);
  let removed = 0;
  for (const { number, busy, purged } of rows) {
    const keyToo = number < firstNumberAt(keysBefore);
    if (busy === 1 || (purged === 1 && !keyToo)) continue;
    if (keyToo) turn.sql.deleteEvent.run(number);
    else turn.sql.stripEvent.run(number);
    turn.sql.deleteAttempts.run(number);
    turn.sql.forgetNewest.run(number);
    removed++;
  }
  return { removed, cursor: rows.length === PURGE_STEP ? (rows.at(-1)?.number ?? 0) : 0 };
}
