/**
 * The packages of Google are optional, large, and loaded only when there is something to do with them. That one is missing
 * must show at boot nevertheless: looking for it loads nothing.
 */
import { createRequire } from 'node:module';
import type { Problem } from '../../../base/errors.ts';

/** Answers with the place of a package, and throws if there is none. */
type Resolve = (name: string) => string;

const resolveHere: Resolve = createRequire(import.meta.url).resolve;

export function packageProblems(kind: string, name: string, resolve: Resolve = resolveHere): Problem[] {
  try {
    resolve(name);
    return [];
  } catch {
    const wrong = `uses ${kind}, which needs the package ${name}`;
    return [{ setting: 'config/sources.ts', wrong, fix: `Run npm install ${name}.` }];
  }
}
