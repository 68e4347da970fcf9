/** What every kind of handler lets its user choose, and what it says of options that there are not. */
import type { Problem } from '../../base/errors.ts';
import type { HandlerOptions } from '../handler.ts';

export const CHOICES = ['types', 'sources', 'concurrency', 'ratePerSecond', 'maxAttempts'] as const;

/** Checked with the wiring, where sources and targets are known. */
export type Choices = Pick<HandlerOptions, (typeof CHOICES)[number]>;

/** Those that were made. */
export function choicesOf(options: object | null | undefined): Choices {
  const made = Object.entries(options ?? {}).filter(
    ([name, value]) => isIn(CHOICES, name) && value !== undefined,
  );
  return Object.fromEntries(made);
}

/** `whom` reads after "gives". */
export function unknownOptions(
  whom: string,
  options: object | null | undefined,
  known: readonly string[],
): Problem[] {
  return Object.entries(options ?? {})
    .filter(([name, value]) => value !== undefined && !isIn([...known, ...CHOICES], name))
    .map(([name]) => ({
      setting: 'config/sources.ts',
      wrong: `gives ${whom} the option ${name}, which there is not`,
      fix: `Use ${[...known, ...CHOICES].join(', ')}.`,
    }));
}

function isIn(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
