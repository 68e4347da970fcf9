/**
 * The handlers of config/sources.ts: which source gives its events to which of them, by which name, with the defaults of
 * config/service.ts filled in. Read by the service, its handlers' thread and the commands, so that all see the same.
 */
import { knob } from '../base/settings/knob.ts';
import { integer, members, type RulesFor, type ValuesOf } from '../base/settings/rules.ts';
import { DAY_MS, MINUTE_MS } from '../base/times.ts';
import type { Route } from '../inbox/contract.ts';
import { BACKOFF } from '../inbox/retry.ts';
import type { Handle, HandlerLimits, HandlerOptions, SourceWiring } from './handler.ts';

/** What a handler's limits may be, in config/service.ts for all of them and in config/sources.ts for one. */
export const HANDLER_LIMITS = {
  timeLimitMs: integer(1, DAY_MS),
  concurrency: integer(1, 10_000),
  maxAttempts: integer(1, 1_000),
} satisfies RulesFor<HandlerLimits>;

/** The knobs of config/service.ts that handlers and their thread read. */
export const DELIVERY_KNOBS = {
  handler: members({
    timeLimitMs: knob(HANDLER_LIMITS.timeLimitMs, 30_000, 'how long one attempt of a handler may take'),
    concurrency: knob(HANDLER_LIMITS.concurrency, 16, 'how many events a handler gets at the same time'),
    maxAttempts: knob(
      HANDLER_LIMITS.maxAttempts,
      20,
      'how many counted attempts a handler gets before its event is dead',
    ),
  }),
  handlerApartMs: knob(
    integer(1, 30 * DAY_MS),
    10 * MINUTE_MS,
    'a handler that brought its thread down has a thread of its own until it has been well for so long',
  ),
  backoff: BACKOFF,
};

export type DeliveryKnobs = ValuesOf<typeof DELIVERY_KNOBS>;

export interface WiredHandler extends HandlerLimits, Pick<HandlerOptions, 'handle' | 'setUp'> {
  readonly route: Route;
}

/** By full name, `source/handler`. */
export function wiredHandlers(
  wirings: readonly SourceWiring[],
  { handler: defaults }: Pick<DeliveryKnobs, 'handler'>,
): Map<string, WiredHandler> {
  const handlers = new Map<string, WiredHandler>();
  for (const wiring of wirings) {
    for (const [name, options] of wiredIn(wiring)) {
      const { handle, setUp } = options;
      const timeLimitMs = options.timeLimitMs ?? defaults.timeLimitMs;
      const concurrency = options.concurrency ?? defaults.concurrency;
      const maxAttempts = options.maxAttempts ?? defaults.maxAttempts;
      const route = routeOf(name, options, wiring);
      handlers.set(name, { route, handle, timeLimitMs, concurrency, maxAttempts, ...(setUp && { setUp }) });
    }
  }
  return handlers;
}

export function sourceRoutes(wiring: SourceWiring): Route[] {
  return wiredIn(wiring).map(([name, options]) => routeOf(name, options, wiring));
}

/** Full names and options of what is a handler; the rest is a problem, which wiring.ts tells. */
export function namedHandlers(wiring: SourceWiring): (readonly [string, HandlerOptions])[] {
  return Object.entries(wiring.handlers ?? {})
    .filter(([, wired]) => isHandler(wired))
    .map(([key, wired]) => [`${sourceNameOf(wiring)}/${key}`, handlerOptionsOf(wired)] as const);
}

/** Without those that want to hear of other sources only. */
function wiredIn(wiring: SourceWiring): (readonly [string, HandlerOptions])[] {
  const source = sourceNameOf(wiring);
  return namedHandlers(wiring).filter(([, { sources }]) => sources === undefined || sources.includes(source));
}

export function isHandler(wired: Handle | HandlerOptions): boolean {
  return typeof wired === 'function' || typeof wired?.handle === 'function';
}

export function sourceNameOf({ name, preset }: SourceWiring): string {
  return name ?? preset.name;
}

export function handlerOptionsOf(wired: Handle | HandlerOptions): HandlerOptions {
  return typeof wired === 'function' ? { handle: wired } : wired;
}

function routeOf(handler: string, options: HandlerOptions, { preset }: SourceWiring): Route {
  const { types, target = handler, ratePerSecond, maxAttempts, latest, each } = options;
  const state = latest === 'preset' ? preset.state : latest;
  const items = each === 'preset' ? preset.items : each;
  return {
    handler,
    target,
    ...(types && { types }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(state && { latest: state }),
    ...(items && { items }),
  };
}
