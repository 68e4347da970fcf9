/** A source as an inbox knows it: where its events have their id and type, and which handlers they go to. */
import type { Route } from './contract.ts';
import type { Shape } from './identity.ts';

export interface StoredSource {
  readonly shape: Shape;
  readonly routes: readonly Route[];
}

/** The routes of all sources, by handler. */
export function routesOf(sources: ReadonlyMap<string, StoredSource>): Map<string, Route> {
  const routes = [...sources.values()].flatMap((source) => source.routes);
  return new Map(routes.map((route) => [route.handler, route]));
}
