/**
 * Imports a module of the user's: config/sources.ts, config/service.ts. What is thrown while it is loaded says so and names file and
 * line, also of a module that it imports. Used by the commands and by the handlers' threads.
 */
import { fileURLToPath } from 'node:url';
import { wordsOf } from '../base/errors.ts';
import { reportFailure } from './dispatch/failure.ts';

const EXCERPT_MAX = 2_000;

export async function importOwn<Module>(url: string): Promise<Module> {
  try {
    return (await import(url)) as Module;
  } catch (error) {
    const file = fileURLToPath(url);
    const places = [...excerptIn(error), ...reportFailure(error).trace];
    const where = places.length > 0 ? places : ['    it was thrown there, or in what it imports'];
    const says = [`${file} cannot be loaded: ${wordsOf(error)}`, ...where];
    throw new Error(says.join('\n'), { cause: error });
  }
}

/** For what is no JavaScript, Node shows file, line and text above the error. */
function excerptIn(error: unknown): string[] {
  const stack = error instanceof Error ? String(error.stack ?? '') : '';
  if (!stack.startsWith('file:')) return [];
  const lines = stack.slice(0, EXCERPT_MAX).split('\n');
  const end = lines.findIndex((line) => /^\w*Error\b/.test(line));
  const excerpt = lines.slice(0, Math.max(0, end)).filter((line) => line.trim() !== '');
  return excerpt.map((line) => `    ${line}`);
}
