/**
 * Actions: what a person does to many deliveries at a time. One is a row of `actions` and outlives a restart: who, what, which
 * deliveries, and how far it has come. Whoever works on the inbox carries it out in small steps (action-steps.ts), one action
 * after the other, until it has ended or is cancelled.
 *
 * Only deliveries change that are in the selected state, of events that were there when it was ordered. What is ordered of
 * single events, and pauses, stand in the same table, for the record.
 */
import type { PauseOrder } from './pauses.ts';
import type { RefusedChoice } from './refused/reader.ts';
import type { Page } from './search.ts';
import type { Selection } from './selection.ts';

export type ActionVerb = 'replay' | 'discard';

export interface ActionWish {
  readonly verb: ActionVerb;
  readonly selection: Selection;
  /** Only events up to this number: those that were there when it was counted. The newest one if left out. */
  readonly upTo?: number;
  /** How many deliveries were counted, as the person has been told. */
  readonly found?: number;
  readonly who: string;
}

type ActionState = 'running' | 'done' | 'cancelled';

/** An order of a person and how far it has come. Kept for RETENTION_DAYS from its end. */
export interface ActionRecord {
  /** Within its inbox, larger for a newer order; `cancelAction` takes it. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Who ordered it: the user of the machine for a command, `console` or `application` where nobody is named. */
  readonly who: string;
  /** `pause`, `resume`, and what is done to refused requests, as orders for single events, are carried out at once and only noted here. */
  readonly verb: ActionVerb | PauseOrder['verb'] | 'discard refused' | 'recheck refused';
  /** A selection, what was paused or resumed, or which refused requests. */
  readonly about: Selection & { readonly name?: string; readonly reason?: string } & RefusedChoice;
  /** `running` also while it waits for an older one, or for a disk that refuses. */
  readonly state: ActionState;
  /** Deliveries (an event for one handler) counted before it began, 0 if nobody did; once done, no fewer than it has met. */
  readonly found: number;
  /** Deliveries replayed or discarded so far; of a pause or resume the handlers, of `discard refused` the requests. */
  readonly changed: number;
  /** Of those that were found: changed by somebody else meanwhile, purged, or overtaken by a newer state. */
  readonly skipped: number;
  /** Deliveries that could not be replayed, since their handler is not wired any more. */
  readonly failed: number;
  /** Why some have failed, why it does not go on for now, or who has cancelled it; null if there is nothing to say. */
  readonly remark: string | null;
  /** When it was done or cancelled, in milliseconds since 1970; null while it runs. */
  readonly endedAt: number | null;
}

/** What is done at once, for the record. */
export type NotedAction = Pick<ActionRecord, 'who' | 'verb' | 'about' | 'changed'>;

/** How many deliveries of each handler are selected, in one step; `last`: where it has come to, null at the end. */
export interface CountStep {
  readonly counts: ReadonlyMap<string, number>;
  readonly last: number | null;
  readonly upTo: number;
}

/** What an action would change, as it was counted: deliveries, all of them and by handler, of events up to that number. */
export interface ActionCounts {
  readonly found: number;
  readonly handlers: Readonly<Record<string, number>>;
  readonly upTo: number;
}

/**
 * Counts to the end, in steps, between which others are served. `step`: the `countStep` of whoever is asked. `goesOn` hears after each
 * step but the last how many there are and where it is; if it says no, the answer is undefined.
 */
export async function countAction(
  wish: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>,
  step: (wish: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>, after: number) => Promise<CountStep>,
  goesOn: (found: number, last: number, upTo: number) => boolean = () => true,
): Promise<ActionCounts | undefined> {
  const handlers: Record<string, number> = {};
  let found = 0;
  let within = wish;
  for (let after = -1; ; ) {
    const { counts, last, upTo } = await step(within, after);
    for (const [handler, count] of counts) {
      handlers[handler] = (handlers[handler] ?? 0) + count;
      found += count;
    }
    if (last === null) return { found, handlers, upTo };
    if (!goesOn(found, last, upTo)) return undefined;
    after = last;
    within = { ...wish, upTo };
  }
}

/**
 * An action takes no key: one that is not indexed yet is found by reading only, and its events are few. So they are named. `page`: reads
 * that many of a selection at the most. Undefined if there are more.
 */
export async function nameByKey(
  selection: Selection,
  page: (selection: Selection) => Promise<Pick<Page, 'events' | 'next'>>,
): Promise<Selection | undefined> {
  const { key, ...others } = selection;
  if (key === undefined) return selection;
  const { events, next } = await page(selection);
  return next === null ? { ...others, numbers: events.map(({ number }) => number) } : undefined;
}

/** What an action cannot honour, in words that go on from its verb; undefined if it can be carried out. */
export function flawInAction({ verb, selection, found }: Omit<ActionWish, 'who'>): string | undefined {
  const { state, heldOnly, cause, key } = selection;
  if (key !== undefined) return 'takes no key: name the events that have it';
  if (state === undefined && !heldOnly && cause === undefined) {
    return 'wants event ids, or a state so that it is clear what changes: dead, held, pending, done or discarded';
  }
  if (state === 'handling') return 'cannot be done to what is being handled at this moment';
  const isOver = state === 'done' || state === 'discarded';
  if (verb === 'discard' && isOver)
    return `has nothing to do with what is ${state}: it is on no list any more`;
  if (isOver && found === undefined) return `of what is ${state} wants the number that was counted`;
  return undefined;
}

/** As it stands in the table. */
export type StoredAction = Omit<ActionRecord, 'about'> & { readonly about: string };

export function actionFrom({ about, ...row }: StoredAction): ActionRecord {
  return { ...row, about: JSON.parse(about) as ActionRecord['about'] };
}

/** Of the table `actions`, in either database. */
export const ACTION_COLUMNS = `id, at, who, verb, about, state, found, changed, skipped, failed, remark, ended_at AS "endedAt"`;
