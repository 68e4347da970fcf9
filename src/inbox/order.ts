/** Which handlers an operator's order is for, and whether it makes sense: the same in every database. */
import type { Order, WorkState } from './contract.ts';
import type { StoredSource } from './stored-source.ts';
import { wants } from './type-filter.ts';

export const DISCARDED_BY_HAND = 'discarded by hand';

export function noSuchEvent(): Error {
  return new Error('there is no such event in this inbox');
}

export function isPurged(): Error {
  return new Error('its body has been purged');
}

/** Those wired to its source and those it has work for; `states` is its work, by handler. Throws if it makes no sense. */
export function handlersOf(
  order: Order,
  { source, type }: { readonly source: string; readonly type: string | null },
  states: ReadonlyMap<string, WorkState>,
  sources: ReadonlyMap<string, StoredSource>,
): readonly string[] {
  // By name any handler of the source may be asked to take it, even one whose filter leaves it out.
  const wired = (sources.get(source)?.routes ?? [])
    .filter((route) => route.handler === order.handler || wants(route, type))
    .map(({ handler }) => handler);
  const concerned = new Set([...wired, ...states.keys()]);
  if (order.handler !== undefined && !concerned.has(order.handler)) {
    throw new Error(`${order.handler} is not one of its handlers (${[...concerned].join(', ')})`);
  }
  const handlers = order.handler === undefined ? [...concerned] : [order.handler];
  const busy = handlers.find((handler) => states.get(handler) === 'handling');
  if (busy) throw new Error(`${busy} is handling it right now`);
  return handlers;
}
