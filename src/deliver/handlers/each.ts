/**
 * Wraps a handler that takes the events of a batch one by one: HubSpot, SendGrid and others put several into one body.
 *
 * What came stays one event. Each of its items has an id (`evt_…-4`: the fifth of the list), attempts and an end of its own: one that
 * fails is tried again, and the others are not. An event without such a list goes to the handler whole. inbox/items.ts has the rules.
 */
import { listOfTexts, type RulesFor } from '../../base/settings/rules.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { handlerOptionsOf } from '../handlers.ts';
import { readOptions } from './options.ts';

export interface EachOptions {
  /** The list, member by member: `['data', 'events']`; `[]` if the body itself is one. */
  readonly items: readonly string[];
  /** Members of an item by dotted path; the first that is there counts. */
  readonly id?: readonly string[];
  readonly type?: readonly string[];
}

const PATH = listOfTexts(
  (name) => name !== '',
  "Write the members that lead to the list: { items: ['data', 'events'] }; [] if the body is the list.",
  { isRequired: true },
  true,
);
const NAMES = listOfTexts(
  (path) => path !== '',
  "Write members of an item by their path: { id: ['meta.id'] }.",
);
const RULES = { items: PATH, id: NAMES, type: NAMES } satisfies RulesFor<EachOptions>;

/** Without options the list is where the preset has it. */
export function each(wired: Handle | HandlerOptions, options?: EachOptions): HandlerOptions {
  const handler = handlerOptionsOf(wired);
  if (options === undefined) return { ...handler, each: 'preset' };
  const { given, problems } = readOptions('each', options, RULES, undefined, []);
  const pathsOf = (dotted: readonly string[] = []) => dotted.map((path) => path.split('.'));
  return {
    ...handler,
    each: { path: given.items ?? [], id: pathsOf(given.id), type: pathsOf(given.type) },
    problems: [...(handler?.problems ?? []), ...problems],
  };
}
