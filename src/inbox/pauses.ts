/**
 * Pauses: a person keeps a handler, or all handlers of a target, from getting anything for a while. What runs finishes; what
 * comes waits. For both drivers, which keep the rows of `pauses` and tell their schedulers.
 *
 * To resume is also to try now: it ends the rest of a target that was down, and makes due what waits longest for its time.
 */
import type { NotedAction } from './actions.ts';
import type { Route } from './contract.ts';

/** `name`: a handler's full name, or a target's. */
export interface Pause {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** The user of the machine, or `console`. */
  readonly who: string;
  readonly reason: string;
}

/** With the handlers that it keeps from getting anything. */
export interface PauseInForce extends Pause {
  readonly handlers: readonly string[];
}

export type PauseOrder =
  | ({ readonly verb: 'pause' } & Omit<Pause, 'since'>)
  | ({ readonly verb: 'resume' } & Pick<Pause, 'name' | 'who'>);

/** What there was before the order, and whom it is about. */
export interface PauseResult {
  readonly handlers: readonly string[];
  /** The pause that was there. */
  readonly before?: Pause;
  /** The target was resting, and is tried now. */
  readonly endedRest: boolean;
}

/** What stands in the record of it. */
export function noteOfPause(order: PauseOrder, { handlers }: PauseResult): NotedAction {
  const { who, verb, name } = order;
  const about = verb === 'pause' ? { name, reason: order.reason } : { name };
  return { who, verb, about, changed: handlers.length };
}

/** All that a name stands for: the handler itself, and those of that target. */
function handlersNamed(name: string, routes: ReadonlyMap<string, Route>): string[] {
  return [...routes.values()]
    .filter(({ handler, target }) => handler === name || target === name)
    .map(({ handler }) => handler);
}

/** Throws if the name means nothing: a pause of nobody would keep nobody from anything. */
export function planPause(
  { verb, name }: PauseOrder,
  routes: ReadonlyMap<string, Route>,
  before: Pause | undefined,
): readonly string[] {
  const handlers = handlersNamed(name, routes);
  if (handlers.length > 0 || (verb === 'resume' && before)) return handlers;
  const names = new Set([...routes.values()].flatMap(({ handler, target }) => [handler, target]));
  throw new Error(`${name} is neither a handler nor a target (there are ${[...names].join(', ') || 'none'})`);
}

export function inForce(pauses: readonly Pause[], routes: ReadonlyMap<string, Route>): PauseInForce[] {
  return pauses.map((pause) => ({ ...pause, handlers: handlersNamed(pause.name, routes) }));
}

export function handlersPaused(
  pauses: readonly Pause[],
  routes: ReadonlyMap<string, Route>,
): ReadonlySet<string> {
  return new Set(inForce(pauses, routes).flatMap(({ handlers }) => handlers));
}
