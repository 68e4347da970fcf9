/** The handlers of config/sources.ts by their full names, with the defaults of config/service.ts filled in. */
import type { HandlerOptions, ServiceKnobs, SourceWiring } from '../types.ts';

export function handlersOf(
  wirings: readonly SourceWiring[],
  defaults: ServiceKnobs['handler'],
): Map<string, Required<HandlerOptions>> {
  const handlers = new Map<string, Required<HandlerOptions>>();
  for (const { preset, name = preset.name, handlers: wired } of wirings) {
    for (const [key, handler] of Object.entries(wired)) {
      const options = typeof handler === 'function' ? { handle: handler } : handler;
      handlers.set(`${name}/${key}`, { ...defaults, ...options });
    }
  }
  return handlers;
}
