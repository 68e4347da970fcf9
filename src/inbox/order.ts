/** Decides what an operator's order does to the deliveries of one event, and whether it makes sense. For both drivers. */
import type { ActionVerb, NotedAction } from './actions.ts';
import type { Route } from './contract.ts';
import { idOf } from './event-id.ts';
import type { WorkState } from './event-states.ts';
import { cutItem, type GivenPart, givenPart, namesOfItem } from './items.ts';
import { type StoredSource, wants } from './stored-source.ts';

/** What an operator may ask of one event by hand, at once. */
export interface Order {
  readonly action: ActionVerb;
  readonly event: number;
  /** Only this handler (`source/name`); every handler of the event's source if left out. */
  readonly handler?: string;
  /** For the record; `console` if nobody is named. */
  readonly who?: string;
}

/** What came of an order: how many deliveries changed, or why none did. */
export interface OrderResult {
  /** Of the event, as in `evt_032a7c1b5e9f04`. */
  readonly id: string;
  /** For how many handlers it changed. 0 without `error`: nothing was to be done, as where it is discarded and on no list. */
  readonly changed: number;
  /** Why nothing changed, as in `there is no such event in this inbox`; left out if the order was carried out. */
  readonly error?: string;
}

/** What stands in the record of an order, which is carried out at once. */
export function noteOfOrder(
  { action: verb, event, handler, who = 'console' }: Order,
  changed: number,
): NotedAction {
  return { who, verb, about: { numbers: [event], ...(handler !== undefined && { handler }) }, changed };
}

export const DISCARDED_BY_HAND = 'discarded by hand';

export interface OrderedEvent {
  readonly source: string;
  readonly type: string | null;
  /** Null once it is purged. */
  readonly body: Uint8Array | null;
  readonly states: ReadonlyMap<string, WorkState>;
  /** Its number, if it has numbers for items; what is ordered may be one of these. */
  readonly batch: number | null;
}

/** `state`: what the event tells, if it is replayed for a `latest` handler. `splits`: it is about the items of the event. */
export interface OrderStep extends GivenPart {
  readonly handler: string;
}

/** An order is for the handlers that are wired to the event's source and those it has work for. Throws if it makes no sense. */
export function planOrder(
  order: Order,
  event: OrderedEvent | undefined,
  sources: ReadonlyMap<string, StoredSource>,
): readonly OrderStep[] {
  if (!event) throw new Error('there is no such event in this inbox');
  const { source, body, states, batch } = event;
  if (order.action === 'replay' && body === null) throw new Error('its body has been purged');
  const isItem = batch !== null && batch !== order.event;
  const routes = (sources.get(source)?.routes ?? []).filter(({ items }) => !isItem || items);
  const bytes = Buffer.from(body ?? []);
  const steps = new Map<string, OrderStep>();
  for (const route of routes) {
    const given = body === null ? {} : givenPart(route, order.event, batch, bytes);
    // By name any handler of the source may be asked to take it, even one whose filter leaves it out.
    const isAsked = route.handler === order.handler || states.has(route.handler);
    if (given && (isAsked || isWanted(route, event, given, bytes)))
      steps.set(route.handler, { handler: route.handler, ...given });
  }
  for (const handler of states.keys()) if (!steps.has(handler)) steps.set(handler, { handler });
  if (order.handler !== undefined && !steps.has(order.handler)) {
    throw new Error(`${order.handler} is not one of its handlers (${[...steps.keys()].join(', ')})`);
  }
  const asked = [...steps.values()].filter(({ handler }) => (order.handler ?? handler) === handler);
  const busy = asked.find(({ handler }) => states.get(handler) === 'handling');
  if (busy) throw new Error(`${busy.handler} is handling it right now`);
  return order.action === 'discard' ? asked.filter(({ handler }) => states.has(handler)) : asked;
}

/** What an item is of decides for itself; a list is wanted for what may be in it. */
function isWanted(route: Route, { type }: OrderedEvent, { part, splits }: GivenPart, body: Buffer): boolean {
  if (part) return wants(route, namesOfItem(route.items, cutItem(body, part)).type);
  return splits === true || wants(route, type);
}

/** One after the other. One that makes no sense has failed among others that have not. */
export async function carryOutEach(
  orders: readonly Order[],
  carryOutOne: (order: Order) => number | Promise<number>,
): Promise<OrderResult[]> {
  const results: OrderResult[] = [];
  for (const order of orders) {
    const id = idOf(order.event);
    try {
      results.push({ id, changed: await carryOutOne(order) });
    } catch (error) {
      results.push({ id, changed: 0, error: (error as Error).message });
    }
  }
  return results;
}
