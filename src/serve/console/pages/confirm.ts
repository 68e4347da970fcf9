/**
 * Asks before an action: which deliveries, how many of which handler, counted now. What is counted is what is done: the newest event of
 * now is the last one, and the selection stands as it was read, with its times. It begins with the button, and goes on in the background.
 */
import { amount, counted } from '../../../base/words.ts';
import {
  type ActionCounts,
  type ActionVerb,
  countAction,
  flawInAction,
  nameByKey,
} from '../../../inbox/actions.ts';
import type { StateName } from '../../../inbox/event-states.ts';
import type { Selection } from '../../../inbox/selection.ts';
import { describeSelection } from '../../../inbox/selection-words.ts';
import { postForm } from '../forms.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, PageError, type PageRequest, type PageSource, type View } from '../page.ts';
import { sameQuery, soundSelectionIn } from '../selection-query.ts';
import { badge } from '../words.ts';

interface Confirmation extends ActionCounts {
  readonly verb: ActionVerb;
  readonly scope: 'picked' | 'all';
  readonly selection: Selection;
  readonly selected: string;
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
  const given = soundSelectionIn(scope === 'picked' ? query : listQuery(query), now);
  const named = (asked: Selection) => from.reading.ask('page', asked, { limit: NAMED_MOST });
  const selection = scope === 'picked' ? pickedOf(given) : await nameByKey(given, named);
  if (!selection)
    throw new PageError(400, `more than ${NAMED_MOST} events have ${given.key}: narrow them down by since`);
  const nothing = { found: 0, handlers: {}, upTo: 0, states: ACTED_ON[verb] };
  const about = { verb, scope, selection, selected: describeSelection(given) } as const;
  if (scope === 'picked' && (given.numbers ?? []).length === 0)
    return { ...about, ...nothing, states: [], flaw: 'No event was selected.' };
  const flaw = flawInAction({ verb, selection, found: 0 });
  if (flaw) return { ...about, ...nothing, flaw: selection.state === undefined ? null : `${verb} ${flaw}` };
  const began = performance.now();
  const counts = await countAction(
    { verb, selection },
    (asked, after) => from.reading.ask('countStep', asked, after),
    () => performance.now() - began <= COUNT_MS,
  );
  if (!counts) {
    const wide = 'There are too many events to count them in one go: say since when, or of which source.';
    return { ...about, ...nothing, states: [], flaw: wide };
  }
  return { ...about, ...counts, flaw: null, states: [] };
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

function showConfirmation(asked: Confirmation, view: View): Markup {
  const { verb, selection, selected, found, handlers, upTo, flaw, states } = asked;
  const { link, query } = view;
  const back = html`<a class="button" href="${link('/events', sameQuery(listQuery(query)))}">Back to the list</a>`;
  if (flaw) return html`<p class="error">${flaw}</p><p>${back}</p>`;
  if (states.length > 0) return showStates(asked, view, back);
  const deliveries = counted(found, 'delivery', 'deliveries');
  const does = verb === 'replay' ? 'Replay' : 'Discard';
  const rows = Object.entries(handlers)
    .toSorted(([, one], [, other]) => other - one)
    .map(
      ([handler, count]) =>
        html`<tr><th scope="row">${handler}</th><td class="number">${amount(count)}</td></tr>`,
    );
  if (found === 0)
    return html`<p class="note">Nothing is selected: <span class="said">${selected}</span>.</p><p>${back}</p>`;
  return html`<p class="verdict">${does} <strong>${deliveries}</strong>. Selected: <span class="said">${selected}</span>.</p>
<p>${verb === 'replay' ? 'Each goes to its handler again.' : 'They are taken off the list of their handlers; the events stay.'} What comes in from now on is left alone; what somebody changes meanwhile is skipped and counted.</p>
${tableOf(['handler', '#deliveries'], rows, 'narrow')}
<div class="acts">${postForm(view, { to: '/actions', fields: { verb, selection: JSON.stringify(selection), found, upTo }, button: `${does} ${deliveries}`, look: verb === 'replay' ? 'main' : 'danger' })} ${back}</div>`;
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

/** Without what was picked: the list as it was. One that names events itself has them under another name meanwhile. */
function listQuery(query: URLSearchParams): URLSearchParams {
  const list = new URLSearchParams(query);
  list.delete('id');
  for (const id of query.getAll('of')) list.append('id', id);
  return list;
}
