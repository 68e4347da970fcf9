/** The list of events: what is selected by the URL, newest first, with what can be done to a page of it or to all of it. */
import { amount, counted } from '../../../base/words.ts';
import { EVENT_STATE_NAMES } from '../../../inbox/event-states.ts';
import type { EventSummary } from '../../../inbox/summary.ts';
import { type HtmlValue, html, type Markup, tableOf } from '../html.ts';
import { type EventList, readEventList } from '../list-facts.ts';
import { definePage, type View } from '../page.ts';
import { hasFilter, sameQuery } from '../selection-query.ts';
import { badge, bytesText, timeTag } from '../words.ts';

const ERROR_SHOWN = 90;

export const eventsPage = definePage<EventList>({
  path: '/events',
  title: 'Events',
  nav: 'Events',
  fields: {
    selected: 'what is selected, in words',
    problems: 'what of the query cannot be read: `option`, `wrong`, `fix`; then nothing is selected',
    foundBy: 'of `q`: by `id`, `their id` or `key`; else null',
    events:
      'the page, newest first, as `consignee events list --json` has them; `limit` says how many (50, at most 500)',
    next: 'the `before` of the next page, or null at the end',
    endedBy:
      '`limit`: the page is full; `bound`: it looked at all that it may in one go; `end`: there is no more',
    looked: 'at how many `events` it looked, and `backTo` when',
    total: 'the `count` of all that is selected; without `isWhole` there are more',
    indexedTo: 'of a `key`: events since then may be missing; else null',
    names: 'the `sources` and `handlers` that there are',
  },
  read: readEventList,
  show: showEventList,
});

function showEventList(list: EventList, view: View): Markup {
  const { link, query } = view;
  return html`<form class="filters" method="get" action="${link('/events')}" role="search">
<label class="wide">Find an id, a tracking number, an order <input type="search" name="q" value="${query.get('q')}" maxlength="300"></label><button>Find</button></form>
${showFilters(list, view)}
${list.problems.map(({ option, wrong, fix }) => html`<p class="error">${option} ${wrong}. ${fix}</p>`)}
${view.may === 'act' && list.events.length > 0 ? showActs(list, view) : showList(list, view)}`;
}

function showFilters({ names }: EventList, { link, query }: View): Markup {
  const text = (name: string, label: string, hint = '') =>
    html`<label>${label} <input name="${name}" value="${query.get(name)}" placeholder="${hint}" maxlength="300"></label>`;
  const choice = (
    name: string,
    label: string,
    values: readonly string[],
  ) => html`<label>${label} <select name="${name}">
<option value="">any</option>${withOwn(values, query.get(name)).map((value) => html`<option${value === query.get(name) && html` selected`}>${value}</option>`)}</select></label>`;
  const isMore = ['until', 'their-id', 'key', 'where', 'search', 'cause'].some((name) => query.get(name));
  return html`<form class="filters" method="get" action="${link('/events')}">
${choice('source', 'Source', names.sources)}
${choice('state', 'State', EVENT_STATE_NAMES)}
${choice('handler', 'Handler', names.handlers)}
${text('type', 'Type', 'track_*')}
${text('since', 'Since', '2h, yesterday')}
<button>Filter</button>
<details${isMore && html` open`}><summary>More</summary><div class="filters">
${text('until', 'Before', '2026-11-24T16:05')}
${text('key', 'Key', 'a tracking number')}
${text('their-id', 'Their id')}
${text('where', 'Member of the body', 'data.status=DELIVERED')}
${text('search', 'Text in the body')}
${text('cause', 'Cause')}
<label>Held only <input type="checkbox" name="held"${query.get('held') && html` checked`}></label>
</div></details></form>`;
}

/** With the value of the URL, even if there is none of it any more. */
function withOwn(values: readonly string[], own: string | null): readonly string[] {
  return own && !values.includes(own) ? [...values, own] : values;
}

function showSummary(
  { events, total, endedBy, foundBy, selected, indexedTo }: EventList,
  view: View,
): Markup {
  const { link, query } = view;
  const all = amount(total.count);
  const many = total.isWhole ? `of ${all}` : endedBy === 'bound' ? 'so far' : `of at least ${all}`;
  return html`<p>${events.length > 0 && html`<strong>${amount(events.length)}</strong> ${many}, newest first: `}<span class="said">${selected || 'nothing'}</span>${foundBy && `, found by ${foundBy}`}.
${hasFilter(view.query) && html` <a href="${link('/events')}">All events</a>`}
${events.length > 0 && !query.get('q') && html` <a href="${link('/events.ndjson', sameQuery(query))}" download>Save as NDJSON</a>`}</p>
${indexedTo && html`<p class="note">Not all events since ${timeTag(indexedTo)} are indexed by their keys yet: some may be missing.</p>`}`;
}

/** Around the list, so that what is chosen stays while the list is kept up to date. */
function showActs(list: EventList, view: View): Markup {
  const { link, query } = view;
  const kept = Object.entries(sameQuery(query)).flatMap(([name, value]) =>
    [value ?? []]
      .flat()
      .map((one) => html`<input type="hidden" name="${name === 'id' ? 'of' : name}" value="${String(one)}">`),
  );
  return html`<form method="get" action="${link('/events/confirm')}">${kept}
<div class="acts"><label>Do <select name="verb"><option value="replay">replay</option><option value="discard">discard</option></select></label>
<button name="scope" value="picked">to the selected</button>
${list.foundBy === null && html`<button name="scope" value="all">to all that match</button>`}
<span class="muted" data-picked></span></div>
${showList(list, view)}</form>`;
}

function showList(list: EventList, view: View): Markup {
  return html`<div id="list" data-live>
${showSummary(list, view)}
${list.events.length > 0 ? showTable(list, view) : showNothing(list, view)}
${showEnd(list, view)}
</div>`;
}

function showTable({ events }: EventList, { may, link }: View): Markup {
  const acts = may === 'act';
  const select = html`<input type="checkbox" data-all class="needs-js" aria-label="Select all on this page"><span class="no-js">select</span>`;
  const heads = [acts && select, 'received', 'source', 'type', 'handlers', '#size'];
  return tableOf(
    heads,
    events.map((event) => showRow(event, acts, link)),
  );
}

function showRow(
  { id, receivedAt, source, type, handlers, held, bytes }: EventSummary,
  acts: boolean,
  link: View['link'],
) {
  const states: HtmlValue[] = handlers.map(({ handler, state, attempts, error, due }) => {
    const words = `${handler.slice(source.length + 1)}: ${state}${attempts > 1 ? ` after ${attempts}` : ''}`;
    return html`${badge(state, words)} ${error && html`<span class="muted said">${firstWords(error)}</span>`}${due && html` <span class="muted">due ${timeTag(due)}</span>`} `;
  });
  return html`<tr>${acts && html`<td><input type="checkbox" name="id" value="${id}" aria-label="Select ${id}"></td>`}
<td data-name="received"><a href="${link(`/events/${id}`)}">${timeTag(receivedAt)}</a></td>
<td data-name="source">${source}</td>
<td class="type said" data-name="type">${type ?? '–'}</td>
<td class="wrap" data-name="handlers">${states.length > 0 ? states : html`<span class="muted">none wants it</span>`}${held && html` <span class="muted said">${held}</span>`}</td>
<td class="number" data-name="size">${bytes === null ? 'purged' : bytesText(bytes)}</td></tr>`;
}

function firstWords(error: string): string {
  const [line = ''] = error.split('\n');
  return line.length > ERROR_SHOWN ? `${line.slice(0, ERROR_SHOWN)}…` : line;
}

function showNothing({ problems, endedBy, names }: EventList, { link, query }: View): Markup {
  if (problems.length > 0 || endedBy === 'bound') return html``;
  const text = query.get('q');
  if (text?.startsWith('ref_'))
    return html`<p class="note">That was refused: <a href="${link(`/refused/${text}`)}">${text}</a></p>`;
  if (text)
    return html`<p class="note">Nothing has it as its id or its key. <a href="${link('/events', { search: text })}">Look into the bodies</a></p>`;
  if (hasFilter(query))
    return html`<p class="note">No event is like that. <a href="${link('/events')}">All events</a></p>`;
  return html`<p class="note">No event has come yet. Your sources wait at ${names.sources.map((name) => html`<code>/webhooks/${name}</code> `)}; try one with <code>consignee send ${names.sources[0] ?? 'shippo'}</code>.</p>`;
}

function showEnd({ next, endedBy, looked }: EventList, { link, query }: View): Markup | null {
  if (next === null) return null;
  const more = link('/events', { ...sameQuery(query), before: next });
  if (endedBy !== 'bound') return html`<p><a class="button" href="${more}" rel="next">Older events</a></p>`;
  return html`<p class="note">Looked at ${counted(looked.events, 'event')}, back to ${looked.backTo && timeTag(looked.backTo)}. <a class="button" href="${more}" rel="next">Go on</a></p>`;
}
