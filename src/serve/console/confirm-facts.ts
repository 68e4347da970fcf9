/**
 * What a person is asked before an action: which deliveries, how many of which handler, counted now. What is counted is what is done:
 * the newest event of now is the last one, and the selection stands as it was read, with its times.
 */
import { type ActionVerb, flawInAction } from '../../inbox/actions.ts';
import type { StateName } from '../../inbox/event-states.ts';
import type { Selection } from '../../inbox/selection.ts';
import { describeSelection } from '../../inbox/selection-words.ts';
import { PageError, type PageRequest, type PageSource } from './page.ts';
import { selectionInQuery } from './selection-query.ts';

const COUNT_MS = 10_000;
/** Of one search key so many events can be named. */
const NAMED_MOST = 500;

export interface Confirmation {
  readonly verb: ActionVerb;
  readonly scope: 'picked' | 'all';
  readonly selection: Selection;
  readonly selected: string;
  readonly found: number;
  readonly handlers: Readonly<Record<string, number>>;
  readonly upTo: number;
  readonly flaw: string | null;
  readonly states: readonly StateName[];
}

const ACTED_ON: Readonly<Record<ActionVerb, readonly StateName[]>> = {
  replay: ['dead', 'held', 'pending', 'done', 'discarded'],
  discard: ['dead', 'held', 'pending'],
};

export async function readConfirmation(from: PageSource, { query, now }: PageRequest): Promise<Confirmation> {
  const verb = query.get('verb');
  const scope = query.get('scope');
  if (verb !== 'replay' && verb !== 'discard') throw new PageError(400, 'verb is replay or discard');
  if (scope !== 'picked' && scope !== 'all') throw new PageError(400, 'scope is picked or all');
  const { selection: given, problems } = selectionInQuery(ofList(query, scope), now);
  const [problem] = problems;
  if (problem) throw new PageError(400, `${problem.option} ${problem.wrong}. ${problem.fix}`);
  const selection = scope === 'picked' ? pickedOf(given) : await namedByKey(from, given);
  const nothing = { found: 0, handlers: {}, upTo: 0, states: ACTED_ON[verb] };
  const about = { verb, scope, selection, selected: describeSelection(given) } as const;
  if (scope === 'picked' && (given.numbers ?? []).length === 0)
    return { ...about, ...nothing, states: [], flaw: 'No event was selected.' };
  const flaw = flawInAction({ verb, selection, found: 0 });
  if (flaw) return { ...about, ...nothing, flaw: selection.state === undefined ? null : `${verb} ${flaw}` };
  const counted = await countDeliveries(from, verb, selection);
  if (!counted) {
    const wide = 'There are too many events to count them in one go: say since when, or of which source.';
    return { ...about, ...nothing, states: [], flaw: wide };
  }
  return { ...about, ...counted, flaw: null, states: [] };
}

/** A list that names events itself has them under another name, beside those that were picked on it. */
function ofList(query: URLSearchParams, scope: string): URLSearchParams {
  if (scope === 'picked') return query;
  const all = new URLSearchParams(query);
  all.delete('id');
  for (const id of query.getAll('of')) all.append('id', id);
  return all;
}

/** Of what was picked by hand only state and handler count: the rest was for finding it. */
function pickedOf({ numbers = [], state, handler, heldOnly, cause }: Selection): Selection {
  return {
    numbers,
    ...(state && { state }),
    ...(handler !== undefined && { handler }),
    ...(heldOnly && { heldOnly }),
    ...(cause !== undefined && { cause }),
  };
}

/** A key that is not indexed yet is found by reading only, and its events are few: they are named. */
async function namedByKey({ reading }: PageSource, selection: Selection): Promise<Selection> {
  const { key, ...others } = selection;
  if (key === undefined) return selection;
  const { events, next } = await reading.ask('page', selection, { limit: NAMED_MOST });
  if (next !== null)
    throw new PageError(400, `more than ${NAMED_MOST} events have ${key}: narrow them down by since`);
  return { ...others, numbers: events.map(({ number }) => number) };
}

/** Undefined if it takes too long. */
async function countDeliveries({ reading }: PageSource, verb: ActionVerb, selection: Selection) {
  const upTo = await reading.ask('newest');
  const handlers: Record<string, number> = {};
  const began = performance.now();
  let found = 0;
  for (let after: number | null = -1; after !== null; ) {
    if (performance.now() - began > COUNT_MS) return undefined;
    const step: Awaited<ReturnType<typeof countOn>> = await countOn(after);
    for (const [handler, count] of step.counts) {
      handlers[handler] = (handlers[handler] ?? 0) + count;
      found += count;
    }
    after = step.last;
  }
  return { found, handlers, upTo };

  function countOn(after: number) {
    return reading.ask('countStep', { verb, selection, upTo }, after);
  }
}
