/**
 * Google's packages are optional and large, and they are loaded when the first event comes. A package that is missing is a
 * problem at boot nevertheless: looking for it loads nothing.
 */
import { createRequire } from 'node:module';
import type { Problem } from '../../../base/errors.ts';
import { wiringProblem } from '../options.ts';

/** Answers with the place of a package, and throws if there is none. */
type FindPackage = (name: string) => string;

const findHere: FindPackage = createRequire(import.meta.url).resolve;

export function packageProblems(kind: string, name: string, find: FindPackage = findHere): Problem[] {
  try {
    find(name);
    return [];
  } catch {
    return [wiringProblem(`${kind} needs the package ${name}`, `Run npm install ${name}.`)];
  }
}
