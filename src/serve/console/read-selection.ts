/** Reads a selection from the JSON of a request, as inbox/selection.ts has it. What it does not know is refused by its name. */
import { EVENT_STATE_NAMES } from '../../inbox/event-states.ts';
import type { Selection } from '../../inbox/selection.ts';

const isSaid = (value: unknown) => typeof value === 'string' && value !== '' && !value.includes('\0');
const isCountable = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(is);

const MEMBERS: Readonly<Record<keyof Selection, (value: unknown) => boolean>> = {
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

/** The selection, or what is wrong with it in words. */
export function readSelection(given: unknown): Selection | string {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return 'the selection is no object';
  for (const [name, value] of Object.entries(given)) {
    const is = Object.entries(MEMBERS).find(([member]) => member === name)?.[1];
    if (!is) return `a selection has no member ${name}: it has ${Object.keys(MEMBERS).join(', ')}`;
    if (!is(value)) return `the selection's ${name} is not of the kind that it should be`;
  }
  return given;
}
