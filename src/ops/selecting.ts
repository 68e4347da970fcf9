/**
 * The options that say which events, the same for every verb that takes them: for parseArgs, for --help, and read. What a verb
 * does not take is refused by its name, never left out.
 */
import { parseSelection, type Selection, type SelectionOptions } from '../inbox/selection.ts';
import type { Config } from '../serve/config/config.ts';
import { sayWrong, TEXT } from './terminal.ts';

export const SELECTING = {
  state: TEXT,
  handler: TEXT,
  source: TEXT,
  type: TEXT,
  since: TEXT,
  until: TEXT,
  'their-id': TEXT,
  cause: TEXT,
  key: TEXT,
  where: { ...TEXT, multiple: true },
  search: TEXT,
  held: { type: 'boolean' },
} as const;

/** Their names, as a verb's list of what it takes has them. */
export const SELECTING_NAMES = Object.keys(SELECTING) as (keyof typeof SELECTING)[];

export const SELECTING_USAGE = `  Which (all that is given must be true of an event):
    --state S            of a handler's work: pending, handling, done, dead,
                         discarded or held
    --handler NAME       SOURCE/NAME; the state or the cause is that of this one
    --source NAME
    --type T             T may have *, as in 'track_*'
    --since T, --until T a time: 2h, 90m, 7d, today, yesterday, 2026-11-24T16:05
    --key VALUE          a tracking number, an order: what the source declares
    --their-id ID        the provider's own id of the event
    --where MEMBER=TEXT  as in data.status=DELIVERED; may be given again
    --search TEXT        stands in the body as it came
    --cause CAUSE        what failed for the same reason
    --held               what waits since it cannot be read, or told apart
`;

/** What of the options a verb does not take, in words; undefined if there is nothing. */
export function untakenOption(
  verb: string,
  takes: readonly string[],
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const isGiven = (name: string) => values[name] !== undefined && values[name] !== false;
  const untaken = Object.keys(values).find(
    (name) => name !== 'config' && isGiven(name) && !takes.includes(name),
  );
  if (untaken === undefined) return undefined;
  const taken = takes.map((name) => `--${name}`).join(', ');
  return `${verb} does not take --${untaken}; it takes ${taken || 'no options'}`;
}

/** The selection, or what is wrong with it in words. */
export function selectionIn(values: SelectionOptions, ids: readonly string[]): Selection | string {
  const { selection, problems } = parseSelection({ ...values, id: ids }, Date.now());
  const [first] = problems;
  return first ? `--${first.option} ${first.wrong}. ${first.fix}` : selection;
}

/** A name that the wiring does not know may be a mistake, or of a handler that is gone and has left work behind. */
export function warnOfUnknown({ source, handler }: Selection, { sources }: Config): void {
  const names = sources.map(({ name }) => name);
  const handlers = sources.flatMap(({ routes }) => routes.map((route) => route.handler));
  if (source !== undefined && !names.includes(source))
    sayWrong(`There is no source ${source} in config/sources.ts (but ${names.join(', ')}).`);
  if (handler !== undefined && !handlers.includes(handler))
    sayWrong(`There is no handler ${handler} in config/sources.ts (but ${handlers.join(', ') || 'none'}).`);
}
