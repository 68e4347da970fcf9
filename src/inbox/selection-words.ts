/** Says a selection in words, for questions, progress and what is kept of an action. */
import { iso } from '../base/times.ts';
import type { Selection } from './selection.ts';

/** For people, as in `dead, of shippo/erp, received since 2026-11-24T00:00:00.000Z`; `everything` if nothing is given. */
export function describeSelection(selection: Selection): string {
  const {
    numbers,
    state,
    handler,
    source,
    type,
    since,
    until,
    externalId,
    cause,
    key,
    where = [],
  } = selection;
  const parts = [
    numbers && `${numbers.length} named`,
    state ?? (selection.heldOnly && 'held'),
    handler && `of ${handler}`,
    source && `from ${source}`,
    type && `of type ${type}`,
    since !== undefined && `received since ${iso(since)}`,
    until !== undefined && `received before ${iso(until)}`,
    externalId && `with their id ${externalId}`,
    cause && `that failed by cause ${cause}`,
    key && `with key ${key}`,
    ...where.map(({ path, value }) => `where ${path.join('.')} is ${value}`),
    selection.search && `with ${selection.search} in the body`,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? 'everything' : parts.join(', ');
}
