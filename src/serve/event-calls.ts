/** What a program asks of its events (event-access.ts), and how it is answered. What is read is read in a thread of its own. Made by instance.ts. */
import type { ActionVerb } from '../inbox/actions.ts';
import type { Inbox } from '../inbox/contract.ts';
import { idOf, numberOf } from '../inbox/event-id.ts';
import { carryOutEach } from '../inbox/order.ts';
import type { InboxReading } from '../inbox/reading.ts';
import type { Page } from '../inbox/search.ts';
import { parseSelection, type Selection, type SelectionOptions } from '../inbox/selection.ts';
import type { ActionOptions, EventAccess, EventPage, OrderOptions } from './event-access.ts';

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
