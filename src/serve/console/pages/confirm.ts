/**
 * Asks before an action: which deliveries, how many of which handler, counted now. What is counted is what is done: the newest event of
 * now is the last one, and the selection stands as it was read, with its times. It begins with the button, and goes on in the background.
 */
import { amount, counted } from '../../../base/words.ts';
import { type ActionVerb, flawInAction } from '../../../inbox/actions.ts';
import type { StateName } from '../../../inbox/event-states.ts';
import type { Selection } from '../../../inbox/selection.ts';
import { describeSelection } from '../../../inbox/selection-words.ts';
import { html, type Markup } from '../html.ts';
import { definePage, PageError, type PageRequest, type PageSource, type View } from '../page.ts';
import { sameQuery, selectionInQuery } from '../selection-query.ts';
import { badge } from '../words.ts';

interface Confirmation {
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

export const confirmPage = definePage<Confirmation>({
  path: '/events/confirm',
  title: 'Go on?',
  fields: {
    verb: '`replay` or `discard`',
    scope: '`picked`: the events that `id` names; `all`: all that match',
    selection: 'what `POST /actions` takes',
    selected: 'the same in words',
    found: 'how many deliveries that are now',
    handlers: 'how many of each handler',
    upTo: 'the number of the newest event that is meant; with `found` for `POST /actions`',
    flaw: 'why it cannot be done, or null',
    states: 'if no state was given: those that can be asked for',
  },
  read: readConfirmation,
  show: showConfirmation,
});

const COUNT_MS = 10_000;
/** Of one search key so many events can be named. */
const NAMED_MOST = 500;

const ACTED_ON: Readonly<Record<ActionVerb, readonly StateName[]>> = {
  replay: ['dead', 'held', 'pending', 'done', 'discarded'],
  discard: ['dead', 'held', 'pending'],
};

async function readConfirmation(from: PageSource, { query, now }: PageRequest): Promise<Confirmation> {
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

function showConfirmation(asked: Confirmation, view: View): Markup {
  const { verb, selection, selected, found, handlers, upTo, flaw, states } = asked;
  const { link, query, inbox, may } = view;
  const back = html`<a class="button" href="${link('/events', sameQuery(listQuery(query)))}">Back to the list</a>`;
  if (flaw) return html`<p class="error">${flaw}</p><p>${back}</p>`;
  if (states.length > 0) return showStates(asked, view, back);
  const deliveries = counted(found, 'delivery', 'deliveries');
  const rows = Object.entries(handlers)
    .toSorted(([, one], [, other]) => other - one)
    .map(
      ([handler, count]) =>
        html`<tr><th scope="row">${handler}</th><td class="number">${amount(count)}</td></tr>`,
    );
  if (found === 0)
    return html`<p class="note">Nothing is selected: <span class="said">${selected}</span>.</p><p>${back}</p>`;
  return html`<p class="verdict">${verb === 'replay' ? 'Replay' : 'Discard'} <strong>${deliveries}</strong>. Selected: <span class="said">${selected}</span>.</p>
<p>${verb === 'replay' ? 'Each goes to its handler again.' : 'They are taken off the list of their handlers; the events stay.'} What comes in from now on is left alone; what somebody changes meanwhile is skipped and counted.</p>
<table class="narrow"><thead><tr><th scope="col">handler</th><th scope="col" class="number">deliveries</th></tr></thead><tbody>${rows}</tbody></table>
<form class="acts" method="post" action="${link('/actions')}">
<input type="hidden" name="inbox" value="${inbox}"><input type="hidden" name="verb" value="${verb}">
<input type="hidden" name="selection" value="${JSON.stringify(selection)}">
<input type="hidden" name="found" value="${found}"><input type="hidden" name="upTo" value="${upTo}">
${may === 'act' && html`<button class="${verb === 'replay' ? 'main' : 'danger'}">${verb === 'replay' ? 'Replay' : 'Discard'} ${deliveries}</button>`} ${back}</form>`;
}

function showStates({ verb, selected, states }: Confirmation, { link, query }: View, back: Markup): Markup {
  const to = (state: string) => {
    const parameters = {
      ...sameQuery(query),
      of: query.getAll('of'),
      verb,
      scope: query.get('scope'),
      state,
    };
    return link('/events/confirm', parameters);
  };
  return html`<p>What is to be ${verb === 'replay' ? 'replayed' : 'discarded'} of <span class="said">${selected}</span>? An event may be done for one handler and dead for another.</p>
<ul class="acts">${states.map((state) => html`<li><a class="button" href="${to(state)}">${badge(state)} what is ${state}</a></li>`)}</ul><p>${back}</p>`;
}

/** Without what was picked: the list as it was. */
function listQuery(query: URLSearchParams): URLSearchParams {
  const list = new URLSearchParams(query);
  list.delete('id');
  for (const id of query.getAll('of')) list.append('id', id);
  return list;
}
