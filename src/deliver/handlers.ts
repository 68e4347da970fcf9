/**
 * The handlers of config/sources.ts: which source gives its events to which of them, by which name, with the defaults of
 * config/service.ts filled in. Read by the service, its handlers' thread and the commands, so that all see the same.
 */

import type { Handle, HandlerLimits, HandlerOptions, ServiceKnobs, SourceWiring } from '../base/types.ts';
import type { Route } from '../inbox/contract.ts';

export interface WiredHandler extends HandlerLimits {
  readonly route: Route;
  readonly handle: Handle;
  readonly setUp?: () => Promise<string>;
}

/** By full name, `source/handler`. */
export function handlersOf(
  wirings: readonly SourceWiring[],
  { handler: defaults }: Pick<ServiceKnobs, 'handler'>,
): Map<string, WiredHandler> {
  const handlers = wirings.flatMap((wiring) =>
    wiredIn(wiring).map(([name, options]): [string, WiredHandler] => [
      name,
      {
        route: routeOf(name, options, wiring),
        handle: options.handle,
        timeLimitMs: options.timeLimitMs ?? defaults.timeLimitMs,
        concurrency: options.concurrency ?? defaults.concurrency,
        maxAttempts: options.maxAttempts ?? defaults.maxAttempts,
        ...(options.setUp && { setUp: options.setUp }),
      },
    ]),
  );
  return new Map(handlers);
}

export function routesOf(wiring: SourceWiring): Route[] {
  return wiredIn(wiring).map(([name, options]) => routeOf(name, options, wiring));
}

/** Full names and options of what is a handler; the rest is a problem, which wiring.ts tells. */
export function namedHandlers(wiring: SourceWiring): (readonly [string, HandlerOptions])[] {
  return Object.entries(wiring.handlers ?? {})
    .filter(([, wired]) => isHandler(wired))
    .map(([key, wired]) => [`${nameOf(wiring)}/${key}`, optionsOf(wired)] as const);
}

/** Without those that want to hear of other sources only. */
function wiredIn(wiring: SourceWiring): (readonly [string, HandlerOptions])[] {
  const source = nameOf(wiring);
  return namedHandlers(wiring).filter(([, { sources }]) => sources === undefined || sources.includes(source));
}

export function isHandler(wired: Handle | HandlerOptions): boolean {
  return typeof wired === 'function' || typeof wired?.handle === 'function';
}

export function nameOf({ name, preset }: SourceWiring): string {
  return name ?? preset.name;
}

export function optionsOf(wired: Handle | HandlerOptions): HandlerOptions {
  return typeof wired === 'function' ? { handle: wired } : wired;
}

function routeOf(handler: string, options: HandlerOptions, { preset }: SourceWiring): Route {
  const { types, target = handler, ratePerSecond, latest } = options;
  const state = latest === 'preset' ? preset.state : latest;
  return {
    handler,
    target,
    ...(types && { types }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(state && { latest: state }),
  };
}
