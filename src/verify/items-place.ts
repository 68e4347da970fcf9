/** Where a provider that puts several events into one body has them. Part of a preset, and of a handler that is wired as `each`. */
import type { MemberPath } from './preset.ts';

/** In each of the events its own id and type; the first place that holds one counts. */
export interface Items {
  /** To the list; `[]` if the body itself is one. */
  readonly path: MemberPath;
  readonly id: readonly MemberPath[];
  readonly type: readonly MemberPath[];
}

const isPath = (given: unknown) =>
  Array.isArray(given) && given.every((name) => typeof name === 'string' && name !== '');
const arePaths = (given: unknown) =>
  Array.isArray(given) && given.every((path) => isPath(path) && path.length > 0);

export function isItems(given: unknown): given is Items {
  const { path, id, type } = (given ?? {}) as Partial<Items>;
  return isPath(path) && arePaths(id) && arePaths(type);
}
