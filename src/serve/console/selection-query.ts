/**
 * A selection as the query of a URL: the options of `consignee events list` by their names, so that what one can say can be said to the
 * other. An empty one is left out: forms send all their fields.
 */
import { iso } from '../../base/times.ts';
import { idOf } from '../../inbox/event-id.ts';
import {
  type ParsedSelection,
  parseSelection,
  type Selection,
  type SelectionOptions,
} from '../../inbox/selection.ts';
import type { LinkParameters } from './links.ts';

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

export function selectionOptionsIn(query: URLSearchParams): SelectionOptions {
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

/** As it was asked, for a link to another page of the same list. */
export function sameQuery(query: URLSearchParams): LinkParameters {
  return selectionOptionsIn(query) as LinkParameters;
}

/** Of one that is kept, with its times. */
export function queryOfSelection(selection: Selection): LinkParameters {
  const { numbers, externalId, where, heldOnly, since, until, ...texts } = selection;
  const time = (at: number | undefined) => at !== undefined && iso(at);
  return {
    ...texts,
    ...{ since: time(since), until: time(until), held: heldOnly === true, 'their-id': externalId },
    id: numbers?.map(idOf),
    where: where?.map(({ path, value }) => `${path.join('.')}=${value}`),
  };
}

/** Whether it asks for less than everything. */
export function hasFilter(query: URLSearchParams): boolean {
  return Object.keys(selectionOptionsIn(query)).length > 0;
}
