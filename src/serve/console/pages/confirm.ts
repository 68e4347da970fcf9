/** Asks before an action: what, of which handlers, how many. It begins with the button, and goes on in the background. */
import { amount, counted } from '../../../base/words.ts';
import { type Confirmation, readConfirmation } from '../confirm-facts.ts';
import { html, type Markup } from '../html.ts';
import { definePage, type View } from '../page.ts';
import { sameQuery } from '../selection-query.ts';
import { badge } from '../words.ts';

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
