/**
 * The events of a running service, for the program around it: the same questions and orders as `consignee events`, with the same
 * words. What is read is read in a thread of its own. Made by instance.ts.
 */
import type { ActionRecord, ActionVerb } from '../inbox/actions.ts';
import type { Inbox } from '../inbox/contract.ts';
import { idOf, numberOf } from '../inbox/event-id.ts';
import { carryOutEach, type OrderResult } from '../inbox/order.ts';
import type { InboxReading } from '../inbox/reading.ts';
import type { Page } from '../inbox/search.ts';
import { parseSelection, type Selection, type SelectionOptions } from '../inbox/selection.ts';
import type { EventDetails, EventSummary, PurgedEvent } from '../inbox/summary.ts';

/** One page of the events that `list` has selected. */
export interface EventPage {
  /** Newest first. */
  readonly events: readonly EventSummary[];
  /** The id for `before` of the next page; null if there is no more. */
  readonly next: string | null;
  /** All that is selected, not only on this page; without `isWhole` there are more than that. */
  readonly total: { readonly count: number; readonly isWhole: boolean };
}

/** For which handler `replay` and `discard` are, and in whose name. */
export interface OrderOptions {
  /** `source/handler`; all handlers of the event's source if left out. */
  readonly handler?: string;
  /** For the record of who did what; `application` if left out. */
  readonly who?: string;
}

/** In whose name `replayAll` and `discardAll` are, and what that person has been told. */
export interface ActionOptions extends Pick<OrderOptions, 'who'> {
  /** How many deliveries were counted; wanted for what is `done` or `discarded`, so that nobody replays the past by mistake. */
  readonly found?: number;
}

/**
 * Each rejects while the service does not run, with TypeError for what it cannot read, and with Error for what makes no sense to
 * the inbox; nothing has changed then.
 */
export interface EventAccess {
  /** `which`: the options of `consignee events list`, as in `{ source: 'shippo', state: 'dead', since: '2h' }`. 20 events if no `limit` is given. */
  list(
    which?: SelectionOptions,
    page?: { readonly limit?: number; readonly before?: string },
  ): Promise<EventPage>;
  /** Everything that is known of one; undefined if there is no such event. */
  show(id: string): Promise<EventDetails | PurgedEvent | undefined>;
  /** Hands these events over once more, at once. One that cannot be has an `error` among others that have none. */
  replay(ids: string | readonly string[], options?: OrderOptions): Promise<readonly OrderResult[]>;
  /** Takes these events off the lists of their handlers, at once. */
  discard(ids: string | readonly string[], options?: OrderOptions): Promise<readonly OrderResult[]>;
  /** Begins to hand over once more whatever is selected, step by step, also after a restart. `which` names a state or a cause. */
  replayAll(which: SelectionOptions, options?: ActionOptions): Promise<ActionRecord>;
  /** Begins to take it off the lists of its handlers, in the same way. Rejects for what is done or discarded: it is on none. */
  discardAll(which: SelectionOptions, options?: ActionOptions): Promise<ActionRecord>;
  /** What was ordered, and how far it has come; the newest first. */
  actions(limit?: number): Promise<readonly ActionRecord[]>;
  /** What is changed already stays so. */
  cancelAction(id: number, who?: string): Promise<ActionRecord>;
}

interface EventParts {
  readonly inbox: Inbox;
  readonly reading: InboxReading;
}

const PAGE = 20;
const WHO = 'application';

/** `now` throws while the service does not run. */
export function eventAccess(now: () => EventParts): EventAccess {
  const order =
    (action: ActionVerb) =>
    async (ids: string | readonly string[], options: OrderOptions = {}) => {
      const { inbox } = now();
      const { handler, who = WHO } = options;
      const orders = [ids].flat().map((id) => {
        return { action, event: numberIn(id), who, ...(handler !== undefined && { handler }) };
      });
      return await carryOutEach(orders, (one) => inbox.order(one));
    };
  const begin =
    (verb: ActionVerb) =>
    async (which: SelectionOptions, { who = WHO, found }: ActionOptions = {}) => {
      const wish = { verb, selection: selectionOf(which), who, ...(found !== undefined && { found }) };
      return await now().inbox.startAction(wish);
    };
  return {
    async list(which = {}, { limit = PAGE, before } = {}) {
      const { reading } = now();
      const place = { limit, ...(before !== undefined && { before: numberIn(before) }) };
      return pageOf(await reading.ask('page', selectionOf(which), place));
    },
    show: async (id) => await now().reading.ask('event', numberIn(id)),
    replay: order('replay'),
    discard: order('discard'),
    replayAll: begin('replay'),
    discardAll: begin('discard'),
    actions: async (limit = PAGE) => await now().inbox.actions(limit),
    cancelAction: async (id, who = WHO) => await now().inbox.cancelAction(id, who),
  };
}

function pageOf({ events, next, total }: Page): EventPage {
  return { events, next: next === null ? null : idOf(next), total };
}

function numberIn(id: string): number {
  const number = numberOf(id);
  if (number === undefined)
    throw new TypeError(`${id} is not an event id; they look like evt_0c5f2a9b3d4e01`);
  return number;
}

function selectionOf(which: SelectionOptions): Selection {
  const { selection, problems } = parseSelection(which, Date.now());
  const [first] = problems;
  if (first) throw new TypeError(`${first.option} ${first.wrong}. ${first.fix}`);
  return selection;
}
