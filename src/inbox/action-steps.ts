/**
 * The steps of an action, as far as both databases have them in common: how far a step comes, what is in it, and what is to be
 * made of each delivery. A step is one transaction, short enough for arrivals to wait for; how many rows it looks at follows
 * from how long the one before took.
 */
import { MINUTE_MS } from '../base/times.ts';
import type { ActionVerb, ActionWish, CountStep } from './actions.ts';
import type { Route } from './contract.ts';
import { firstNumberAt } from './event-id.ts';
import { isOpen, type StateName } from './event-states.ts';
import type { SearchTables } from './fresh-keys.ts';
import type { Selection } from './selection.ts';
import type { SelectionContext } from './selection-sql.ts';
import {
  boundaryOf,
  deliveriesIn,
  type NumberRange,
  numberRangeOf,
  type SqlText,
  walksWork,
} from './selection-steps.ts';
import type { StoredSource } from './stored-source.ts';

/** An action that is under way, as its next step finds it. */
export interface ActionAhead {
  readonly id: number;
  readonly verb: ActionVerb;
  readonly selection: Selection;
  readonly range: NumberRange;
  readonly remark: string | null;
}

export interface ActionRow {
  readonly id: number;
  readonly verb: ActionVerb;
  readonly about: string;
  readonly upTo: number;
  readonly cursor: number;
  readonly remark: string | null;
}

export const ACTION_AHEAD = `SELECT id, verb, about, up_to AS "upTo", cursor, remark FROM actions
  WHERE state = 'running' ORDER BY id LIMIT 1`;

export interface ActionDelivery {
  readonly event: number;
  /** The number of the event, also of an item. */
  readonly whole: number;
  readonly handler: string;
  readonly state: StateName;
}

/** What one step has done. */
export interface StepResult {
  changed: number;
  skipped: number;
  failed: number;
  remark: string | null;
}

const STUCK = 'it does not go on for now';

/** The remark of an action whose step has failed. It is tried again, and when it goes on the remark goes. */
export function stuckBy({ message }: Error): string {
  return `${STUCK}: ${message}`;
}

export function actionAhead({ id, verb, about, upTo, cursor, remark }: ActionRow): ActionAhead {
  const selection = JSON.parse(about) as Selection;
  const range = numberRangeOf(selection, { after: cursor, upTo });
  return { id, verb, selection, range, remark: remark?.startsWith(STUCK) ? null : remark };
}

/** How far a step comes: a row with `last`, null if nothing is left. */
export function boundaryOfStep(
  selection: Selection,
  context: SelectionContext,
  range: NumberRange,
  looks: number,
): SqlText {
  if (selection.state !== 'pending' || !walksWork(selection))
    return boundaryOf(selection, context, range, looks, 'ASC');
  // No index has what is pending alone: it is looked for among all that is to do.
  const sql = `SELECT max(event) AS last FROM (SELECT event FROM work
    WHERE event > $1 AND event <= $2 AND coalesce(batch, event) <= $3 ORDER BY event LIMIT $4) AS step`;
  return { sql, values: [range.after, range.upTo, range.wholesUpTo ?? range.upTo, looks] };
}

/** An event with a number of a later time came while some clock was ahead. */
const CLOCKS_APART_MS = 5 * MINUTE_MS;

/** The number of the newest event that no wrong clock gave. */
export function newestNumber(now: number): SqlText {
  const sql = 'SELECT max(number) AS number FROM inbox WHERE number < $1';
  return { sql, values: [firstNumberAt(now + CLOCKS_APART_MS)] };
}

/** Counts on behind `after` what an action would look at: so many rows at the most. */
export async function countStep(
  tables: SearchTables,
  sources: ReadonlyMap<string, StoredSource>,
  { verb, selection, upTo: given }: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>,
  after: number,
  looks: number,
): Promise<CountStep> {
  const ask = async <Row>({ sql, values }: SqlText) => await tables.all<Row>(sql, ...values);
  const context = { tables, sources: [...sources.keys()] };
  const upTo = given ?? (await ask<{ number: number | null }>(newestNumber(Date.now())))[0]?.number ?? 0;
  const range = numberRangeOf(selection, { after, upTo });
  const boundary = boundaryOfStep(selection, context, range, looks);
  const last = (await ask<{ last: number | null }>(boundary))[0]?.last ?? null;
  const counts = new Map<string, number>();
  if (last === null) return { counts, last, upTo };
  const found = await ask<ActionDelivery>(deliveriesIn(selection, context, { ...range, upTo: last }));
  const isDue = verb === 'replay' ? await dueAmong(tables, found) : new Set();
  for (const { event, handler } of found) {
    if (!isDue.has(`${event} ${handler}`)) counts.set(handler, (counts.get(handler) ?? 0) + 1);
  }
  return { counts, last, upTo };
}

/** What is due already, by `event handler`: a replay does nothing with it. */
async function dueAmong(tables: SearchTables, found: readonly ActionDelivery[]): Promise<Set<string>> {
  const pending = found.filter(({ state }) => state === 'pending');
  if (pending.length === 0) return new Set();
  const due = await tables.all<{ event: number; handler: string }>(
    `SELECT event, handler FROM work WHERE state = 'pending' AND due <= $2 AND event IN (${tables.numbersIn('$1')})`,
    JSON.stringify(pending.map(({ event }) => event)),
    Date.now(),
  );
  return new Set(due.map(({ event, handler }) => `${event} ${handler}`));
}

/** Puts those aside that nothing can be done with, and says why. */
export function sortOut(
  verb: ActionVerb,
  deliveries: readonly ActionDelivery[],
  routes: ReadonlyMap<string, Route>,
  remark: string | null,
) {
  const result: StepResult = { changed: 0, skipped: 0, failed: 0, remark };
  const able = deliveries.filter(({ handler, state }) => {
    if (state === 'handling') result.skipped++;
    else if (verb === 'replay' && !routes.has(handler)) {
      result.failed++;
      result.remark = noteGone(result.remark, handler);
    } else return true;
    return false;
  });
  return { able, result };
}

export function cancelledBy(who: string, remark: string | null): string {
  return [remark, `cancelled by ${who}`].filter((part) => part !== null).join('; ');
}

const REMARK_MAX = 1_000;

function noteGone(remark: string | null, handler: string): string {
  const note = `${handler} is not wired any more`;
  if (remark === null) return note;
  return remark.includes(note) || remark.length > REMARK_MAX ? remark : `${remark}; ${note}`;
}

/** Whether it has work, so that it is changed where it stands; otherwise its work is over and begins anew. */
export function isUnderWork({ state }: ActionDelivery): boolean {
  return isOpen(state);
}

const LOOKS_FIRST = 50;
const LOOKS_MOST = 500;
/** A step is a third of the time at the most: the rest belongs to what comes in. */
const REST_FACTOR = 2;
const REST_LEAST_MS = 5;

/** How much a step looks at, and how long to wait after it. */
export class StepPace {
  readonly #stepMs: number;
  readonly #looksLeast: number;
  looks = LOOKS_FIRST;

  /** A step should take so long; but it is not worth its own costs if it looks at too little. */
  constructor(stepMs: number, looksLeast: number) {
    this.#stepMs = stepMs;
    this.#looksLeast = looksLeast;
  }

  /** Answers with how long to rest. `workMs`: what more looks would make longer; `tookMs`: all that others waited for. */
  after(workMs: number, tookMs = workMs): number {
    const wanted = (this.looks * this.#stepMs) / Math.max(workMs, 0.5);
    // Slowly up, at once down.
    const looks = Math.min(LOOKS_MOST, Math.floor(wanted), this.looks * 2);
    this.looks = Math.max(this.#looksLeast, looks);
    return Math.max(REST_LEAST_MS, tookMs * REST_FACTOR);
  }
}
