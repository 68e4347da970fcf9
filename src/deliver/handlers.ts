/**
 * The handlers of config/sources.ts: which source gives its events to which of them, by which name, with the defaults of
 * config/service.ts filled in. Read by the service, its handlers' thread and the commands, so that all see the same.
 */

import type { Route } from '../inbox/contract.ts';
import type { Handle, HandlerLimits, HandlerOptions, SourceWiring } from './handler.ts';

/** The knobs of config/service.ts that handlers and their thread read. */
export interface DeliveryKnobs {
  /** What a handler gets unless config/sources.ts says otherwise. */
  readonly handler: HandlerLimits;
  /** A failed attempt waits up to base · 2^(attempt-1), at most the cap. */
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
  /** After so many failures of a target in a row it rests, longer each time; then one attempt tries it. */
  readonly circuit: { readonly failures: number; readonly restMs: number; readonly restMaxMs: number };
}

export interface WiredHandler extends HandlerLimits {
  readonly route: Route;
  readonly handle: Handle;
  readonly setUp?: () => Promise<string>;
}

/** By full name, `source/handler`. */
export function handlersOf(
  wirings: readonly SourceWiring[],
  { handler: defaults }: Pick<DeliveryKnobs, 'handler'>,
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
