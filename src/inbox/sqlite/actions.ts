/** The statements for ../actions.ts: each function is part of a transaction of store.ts. */
import {
  type ActionAhead,
  type ActionDelivery,
  type ActionRow,
  actionAhead,
  boundaryOfStep,
  cancelledBy,
  isUnderWork,
  newestNumber,
  type StepResult,
  sortOut,
} from '../action-steps.ts';
import {
  type ActionRecord,
  type ActionWish,
  actionFrom,
  flawInAction,
  type NotedAction,
} from '../actions.ts';
import { type GivenPart, givenPart } from '../items.ts';
import { isOvertaken } from '../newest.ts';
import { deliveriesIn } from '../selection-steps.ts';
import { SQLITE_SELECTION } from './selection.ts';
import type { Turn } from './turn.ts';
import { discardInTurn, replayInTurn } from './work.ts';

/** Throws if it makes no sense. */
export function startActionInTurn(turn: Turn, wish: ActionWish): ActionRecord {
  const flaw = flawInAction(wish);
  if (flaw) throw new Error(`${wish.verb} ${flaw}`);
  const { verb, selection, who, found = 0 } = wish;
  const [newest] = turn.rows<{ number: number | null }>(newestNumber(turn.now));
  const upTo = wish.upTo ?? newest?.number ?? 0;
  const { lastInsertRowid } = turn.sql.insertAction.run({
    $at: turn.now,
    $who: who,
    $verb: verb,
    $about: JSON.stringify(selection),
    $upTo: upTo,
    $found: found,
  });
  return actionInTurn(turn, Number(lastInsertRowid));
}

export function noteActionInTurn(turn: Turn, { who, verb, about, changed }: NotedAction): void {
  turn.sql.noteAction.run({
    $at: turn.now,
    $who: who,
    $verb: verb,
    $about: JSON.stringify(about),
    $changed: changed,
  });
}

/** Throws if there is none, or if it is over. */
export function cancelActionInTurn(turn: Turn, id: number, who: string): ActionRecord {
  const { state, remark } = actionInTurn(turn, id);
  if (state !== 'running') throw new Error(`action ${id} is ${state} already`);
  turn.sql.endAction.run({
    $id: id,
    $state: 'cancelled',
    $now: turn.now,
    $missed: 0,
    $remark: cancelledBy(who, remark),
  });
  return actionInTurn(turn, id);
}

function actionInTurn({ sql }: Turn, id: number): ActionRecord {
  const row = sql.actionOf.get(id);
  if (!row) throw new Error(`there is no action ${id}`);
  return actionFrom(row);
}

/** Carries on with the oldest action that is under way. False if there is none. */
export function stepInTurn(turn: Turn, looks: number): boolean {
  const row = turn.sql.actionAhead.get();
  if (!row) return false;
  const action = actionAhead(row satisfies ActionRow);
  const { id, verb, selection, range } = action;
  const context = { tables: SQLITE_SELECTION, sources: [...turn.sources.keys()] };
  const [boundary] = turn.rows<{ last: number | null }>(boundaryOfStep(selection, context, range, looks));
  const last = boundary?.last ?? null;
  if (last === null) {
    turn.sql.endAction.run({ $id: id, $state: 'done', $now: turn.now, $missed: 1, $remark: action.remark });
    return true;
  }
  const selected = turn.rows<ActionDelivery>(deliveriesIn(selection, context, { ...range, upTo: last }));
  const { able, result } = sortOut(verb, selected, turn.routes, action.remark);
  for (const delivery of able) count(result, changeDelivery(turn, action, delivery));
  const { changed, skipped, failed, remark } = result;
  const counts = { $changed: changed, $skipped: skipped, $failed: failed, $remark: remark };
  turn.sql.advanceAction.run({ $id: id, $cursor: last, ...counts });
  return true;
}

function count(result: StepResult, isChanged: boolean): void {
  if (isChanged) result.changed++;
  else result.skipped++;
}

/** False if nothing is to be done with it after all. */
function changeDelivery(turn: Turn, { verb }: ActionAhead, delivery: ActionDelivery): boolean {
  const { event, handler } = delivery;
  const work = turn.sql.workAt.get(event, handler);
  const from = isUnderWork(delivery) ? work?.state : undefined;
  if (verb === 'discard') return discardInTurn(turn, event, { handler }, from);
  // What is due already needs no help.
  if (work?.state === 'pending' && work.due <= turn.now) return false;
  const given = givenFor(turn, delivery);
  if (given === 'nothing') return false;
  // What is over shall not be over in another way.
  if (given.state && !isUnderWork(delivery)) {
    const known = turn.sql.newestOf.get(handler, given.state.thing);
    if (isOvertaken(known, { ...given.state, event })) return false;
  }
  return replayInTurn(turn, event, { handler, ...given }, from, turn.now);
}

/** What the handler is given again. Most need nothing but that it is not purged. */
function givenFor(turn: Turn, delivery: ActionDelivery): GivenPart | 'nothing' {
  const { event, whole, handler } = delivery;
  const { latest, items } = turn.routes.get(handler) ?? {};
  const hasRow = isUnderWork(delivery) && event !== whole;
  if (!latest && (!items || hasRow)) return turn.sql.hasBody.get(whole)?.has === 1 ? {} : 'nothing';
  const body = turn.sql.eventForOrder.get(whole)?.body ?? null;
  if (body === null) return 'nothing';
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const batch = turn.sql.lastOfBatch.get(whole) === undefined ? null : whole;
  return givenPart({ ...(items && { items }), ...(latest && { latest }) }, event, batch, bytes) ?? 'nothing';
}
