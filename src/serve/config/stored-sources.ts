/** The part of a source's configuration that its inbox has to know. Called by whoever opens one. */
import type { SourceWiring } from '../../deliver/handler.ts';
import { shapeOf } from '../../inbox/shape.ts';
import type { StoredSource } from '../../inbox/stored-source.ts';
import type { MemberPath, SearchKeys } from '../../verify/preset.ts';
import type { SourceConfig } from './source.ts';

/** The sources as an inbox knows them. */
export function storedSourcesOf(sources: readonly SourceConfig[]): Map<string, StoredSource> {
  return new Map(
    sources.map(({ name, preset, routes, keys }) => [name, { shape: shapeOf(preset), routes, keys }]),
  );
}

/** What the preset declares, and the wiring beside it. */
export function searchKeysIn({ preset, keys = {} }: SourceWiring): SearchKeys {
  const found: Record<string, readonly MemberPath[]> = { ...preset.keys };
  for (const [name, paths] of Object.entries(keys)) {
    found[name] = [...(found[name] ?? []), ...paths.map((path) => path.split('.'))];
  }
  return found;
}
