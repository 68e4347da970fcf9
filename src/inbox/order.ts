/** Decides what an operator's order does to the deliveries of one event, and whether it makes sense. For both drivers. */
import type { ActionVerb } from './actions.ts';
import { idOf } from './event-id.ts';
import type { WorkState } from './event-states.ts';
import { parseBody } from './identity.ts';
import { type State, stateOf } from './newest.ts';
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

export const DISCARDED_BY_HAND = 'discarded by hand';

export interface OrderedEvent {
  readonly source: string;
  readonly type: string | null;
  /** Null once it is purged. */
  readonly body: Uint8Array | null;
  readonly states: ReadonlyMap<string, WorkState>;
}

export interface OrderStep {
  readonly handler: string;
  /** The state that the event tells, if it is replayed for a `latest` handler. */
  readonly state?: State | undefined;
}

/** An order is for the handlers that are wired to the event's source and those it has work for. Throws if it makes no sense. */
export function planOrder(
  order: Order,
  event: OrderedEvent | undefined,
  sources: ReadonlyMap<string, StoredSource>,
): readonly OrderStep[] {
  if (!event) throw new Error('there is no such event in this inbox');
  const { source, type, body, states } = event;
  if (order.action === 'replay' && body === null) throw new Error('its body has been purged');
  const routes = sources.get(source)?.routes ?? [];
  // By name any handler of the source may be asked to take it, even one whose filter leaves it out.
  const wired = routes.filter((route) => route.handler === order.handler || wants(route, type));
  const concerned = new Set([...wired.map(({ handler }) => handler), ...states.keys()]);
  if (order.handler !== undefined && !concerned.has(order.handler)) {
    throw new Error(`${order.handler} is not one of its handlers (${[...concerned].join(', ')})`);
  }
  const handlers = order.handler === undefined ? [...concerned] : [order.handler];
  const busy = handlers.find((handler) => states.get(handler) === 'handling');
  if (busy) throw new Error(`${busy} is handling it right now`);
  if (order.action === 'discard') {
    return handlers.filter((handler) => states.has(handler)).map((handler) => ({ handler }));
  }
  const bytes = Buffer.from(body ?? []);
  return handlers.map((handler) => {
    const shape = routes.find((route) => route.handler === handler)?.latest;
    return shape ? { handler, state: stateOf(shape, parseBody(bytes), bytes) } : { handler };
  });
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
