/** A source as an inbox knows it: where its events have their id and type, and which handlers want them. */
import type { SearchKeys } from '../verify/preset.ts';
import type { Route } from './contract.ts';
import type { Shape } from './shape.ts';

export interface StoredSource {
  readonly shape: Shape;
  readonly routes: readonly Route[];
  readonly keys?: SearchKeys;
}

/** The routes of all sources, by handler. */
export function routesOf(sources: ReadonlyMap<string, StoredSource>): Map<string, Route> {
  const routes = [...sources.values()].flatMap((source) => source.routes);
  return new Map(routes.map((route) => [route.handler, route]));
}

/** Whether a handler wants an event, by the `types` of its options: `*` stands for any run of characters, also for none. */
export function wants({ types }: Pick<Route, 'types'>, type: string | null): boolean {
  if (types === undefined) return true;
  return type !== null && types.some((pattern) => fits(type, pattern));
}

/** Each piece between stars as early as it comes: linear, whatever the pattern. */
function fits(type: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return type === pattern;
  if (!type.startsWith(first)) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = type.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return type.length - last.length >= from && type.endsWith(last);
}
