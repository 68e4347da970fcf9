/** What an operator orders, and retention. Part of a transaction of store.ts. */

import type { StateShape } from '../../verify/preset.ts';
import type { Order, WorkState } from '../contract.ts';
import { firstNumberAt } from '../event-id.ts';
import { parseBody } from '../identity.ts';
import { DISCARDED_BY_HAND, handlersOf, isPurged, noSuchEvent } from '../order.ts';
import { type State, stateOf } from '../state.ts';
import { placeFor } from './newest.ts';
import type { Turn } from './store.ts';

const PURGE_STEP = 500;

/** Answers with how many deliveries changed. Throws, changing nothing, if the order makes no sense. */
export function carryOut(turn: Turn, order: Order): number {
  const row = turn.sql.eventForOrder.get(order.event) as
    | { source: string; type: string | null; purged: number }
    | undefined;
  if (!row) throw noSuchEvent();
  if (order.action === 'replay' && row.purged === 1) throw isPurged();
  const work = turn.sql.workOfEvent.all(order.event) as { handler: string; state: WorkState }[];
  const states = new Map(work.map(({ handler, state }) => [handler, state]));
  const handlers = handlersOf(order, row, states, turn.sources);
  const change = order.action === 'replay' ? replay : discard;
  return handlers.filter((handler) => change(turn, order.event, handler, states.get(handler))).length;
}

function replay(turn: Turn, event: number, handler: string, state: WorkState | undefined): boolean {
  const route = turn.routes.get(handler);
  const told = route?.latest && stateOfStored(turn, event, route.latest);
  const place = route && told ? placeFor(turn, route, event, told) : 'free';
  if (place === 'overtaken') {
    turn.sql.deleteWork.run(event, handler);
    turn.counts.move(handler, state, undefined);
    return false;
  }
  turn.sql.replayWork.run(event, handler, told ? told.thing : null, place === 'behind' ? 1 : 0);
  turn.counts.move(handler, state, 'pending');
  turn.desk.expect(handler, 0);
  return true;
}

function stateOfStored(turn: Turn, event: number, shape: StateShape): State | undefined {
  const { body } = turn.sql.bodyOf.get(event) as { body: Uint8Array };
  const bytes = Buffer.from(body);
  return stateOf(shape, parseBody(bytes), bytes);
}

function discard(turn: Turn, event: number, handler: string, state: WorkState | undefined): boolean {
  if (state === undefined) return false;
  turn.sql.deleteWork.run(event, handler);
  turn.sql.insertAttempt.run(event, handler, turn.now, 0, 0, 'discarded', DISCARDED_BY_HAND, null, null);
  turn.counts.move(handler, state, undefined);
  return true;
}

/**
 * One bounded step over the events before `eventsBefore`: finished ones lose their body, and with `keysBefore` their row,
 * which is what duplicates are known by. Dead and held ones wait for a person. The cursor is 0 at the end.
 */
export function purgeStep(turn: Turn, cursor: number, eventsBefore: number, keysBefore: number) {
  const rows = turn.sql.purgeable.all(cursor, firstNumberAt(eventsBefore), PURGE_STEP) as {
    number: number;
    busy: number;
    purged: number;
  }[];
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
