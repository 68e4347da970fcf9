/** The part of an event's page that has the history of what it is about: every event with the same key, in the order in which they came. */
import { counted } from '../../../base/words.ts';
import type { OneEvent } from '../event-facts.ts';
import { html, type Markup } from '../html.ts';
import type { View } from '../page.ts';
import { badge, timeTag } from '../words.ts';

export function showRelated({ id, related }: OneEvent, { link }: View): Markup[] {
  return related.map(({ key, value, events, hasMore }) => {
    const hasStates = events.some(({ state, stateAt }) => state !== null || stateAt !== null);
    const rows = events.map((event) => {
      const isThis = event.id === id;
      const when = timeTag(event.receivedAt);
      return html`<tr${isThis && html` class="this"`}><td data-name="received">${isThis ? html`${when} (this one)` : html`<a href="${link(`/events/${event.id}`)}">${when}</a>`}</td>
<td class="said" data-name="type">${event.type ?? '–'}</td>
${hasStates && html`<td class="said" data-name="state">${event.state ?? '–'}${event.isLate && html` ${badge('alarm', 'came late')}`}</td><td data-name="as of">${event.stateAt ? timeTag(event.stateAt) : '–'}</td>`}
<td data-name="handlers">${event.handlers.map(({ handler, state }) => html`${badge(state, `${handler.split('/')[1]}: ${state}`)} `)}</td></tr>`;
    });
    return html`<h2>All events of ${key} <span class="said">${value}</span></h2>
<p class="muted">${hasMore ? 'The newest of them' : counted(events.length, 'event')}, in the order in which they came. <a href="${link('/events', { key: value })}">As a list</a></p>
<table class="list"><thead><tr><th scope="col">received</th><th scope="col">type</th>${hasStates && html`<th scope="col">state</th><th scope="col">as of</th>`}<th scope="col">handlers</th></tr></thead><tbody>${rows}</tbody></table>`;
  });
}
