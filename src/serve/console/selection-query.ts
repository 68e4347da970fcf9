/**
 * A selection as a request says it. In the query of a URL: the options of `consignee events list` by their names, so that what one can
 * say can be said to the other; an empty one is left out, since forms send all their fields. In JSON, below: its members as
 * inbox/selection.ts has them.
 */
import { EVENT_STATE_NAMES } from '../../inbox/event-states.ts';
import {
  type ParsedSelection,
  parseSelection,
  type Selection,
  type SelectionOptions,
} from '../../inbox/selection.ts';
import type { LinkParameters } from './links.ts';
import { PageError } from './page.ts';

const TEXTS = [
  'state',
  'handler',
  'source',
  'type',
  'since',
  'until',
  'their-id',
  'cause',
  'key',
  'search',
] as const;
const LISTS = ['id', 'where'] as const;

function selectionOptionsIn(query: URLSearchParams): SelectionOptions {
  const options: Record<string, unknown> = {};
  for (const name of TEXTS) {
    const text = query.get(name)?.trim();
    if (text) options[name] = text;
  }
  for (const name of LISTS) {
    const texts = query.getAll(name).filter((text) => text !== '');
    if (texts.length > 0) options[name] = texts;
  }
  if (['true', 'on', '1'].includes(query.get('held') ?? '')) options.held = true;
  return options;
}

export function selectionInQuery(query: URLSearchParams, now: number): ParsedSelection {
  return parseSelection(selectionOptionsIn(query), now);
}

/** Throws PageError if something of it cannot be read. */
export function soundSelectionIn(query: URLSearchParams, now: number): Selection {
  const { selection, problems } = selectionInQuery(query, now);
  const [problem] = problems;
  if (problem) throw new PageError(400, `${problem.option} ${problem.wrong}. ${problem.fix}`);
  return selection;
}

/** As it was asked, for a link to another page of the same list. */
export function sameQuery(query: URLSearchParams): LinkParameters {
  return selectionOptionsIn(query) as LinkParameters;
}

/** Whether it asks for less than everything. */
export function hasFilter(query: URLSearchParams): boolean {
  return Object.keys(selectionOptionsIn(query)).length > 0;
}

const isSaid = (value: unknown) => typeof value === 'string' && value !== '' && !value.includes('\0');
const isCountable = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(is);

const SELECTION_MEMBERS: Readonly<Record<keyof Selection, (value: unknown) => boolean>> = {
  numbers: isListOf(isCountable),
  state: (value) => EVENT_STATE_NAMES.some((state) => state === value),
  handler: isSaid,
  source: isSaid,
  type: isSaid,
  since: isCountable,
  until: isCountable,
  externalId: isSaid,
  cause: (value) => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value),
  key: isSaid,
  where: isListOf((value) => {
    const { path, value: is, ...others } = (value ?? {}) as Record<string, unknown>;
    return isListOf(isSaid)(path) && typeof is === 'string' && Object.keys(others).length === 0;
  }),
  search: isSaid,
  heldOnly: (value) => typeof value === 'boolean',
};

/** The selection of a JSON body, or what is wrong with it in words. What it does not know is refused by its name. */
export function readSelection(given: unknown): Selection | string {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return 'the selection is no object';
  for (const [name, value] of Object.entries(given)) {
    const is = Object.entries(SELECTION_MEMBERS).find(([member]) => member === name)?.[1];
    if (!is) return `a selection has no member ${name}: it has ${Object.keys(SELECTION_MEMBERS).join(', ')}`;
    if (!is(value)) return `the selection's ${name} is not of the kind that it should be`;
  }
  return given;
}
