/** One event: its fate in a line, what was tried, how it was proved, the history of what it is about, and what it says. */
import { counted } from '../../../base/words.ts';
import type { ActionVerb } from '../../../inbox/actions.ts';
import type { AttemptRecord } from '../../../inbox/summary.ts';
import { BODY_FORMS } from '../body-text.ts';
import { type OneEvent, readEvent } from '../event-facts.ts';
import { postForm } from '../forms.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, type View } from '../page.ts';
import { badge, bytesText, durationText, timeTag } from '../words.ts';

export const eventPage = definePage<OneEvent>({
  path: '/events/:id',
  title: 'Event',
  subject: ({ id }) => id,
  fields: {
    id: 'ours',
    number: 'the same as a number: what `POST /orders` takes as `event`',
    receivedAt: 'when it came',
    isPurged: 'its body is past its retention',
    event: 'as `consignee events show --json`, without the body; null if only its id is kept',
    keys: 'the values by which it can be found, by the name of the key',
    proofs:
      'how it was proved: `scheme`, `form`, fingerprint of the `secret`; `wouldRefuse` of a check that is only observed',
    duplicates: 'how often it came again (`count`), and when it last did (`lastAt`); null if it did not',
    soundness: 'with `?verify=1`: whether its bytes and its signature hold now; else null',
    related:
      'for each key its `value` and all `events` with it, oldest first: the `state` that each tells, `stateAt`, and whether it `isLate`',
    body: 'the beginning of what it says: `form` (by `?body=pretty`, `raw` or `hex`), `text`, and whether it `isCut`; `/events/<id>/body` has the bytes',
    commands: 'to `send` the same again from a terminal, or with `curl`; null without a body',
    handlers: 'those that it may go to',
  },
  read: readEvent,
  show: showEvent,
});

function showEvent(one: OneEvent, view: View): Markup {
  const { event } = one;
  return html`<p class="verdict">${showFate(one)}</p>
${
  event &&
  html`<div id="event" data-live>${showHandlers(one, view)}${showAttempts(event.attempts)}</div>
${showRelated(one, view)}
${showBody(one, view)}
${showProofs(one, view)}
${showFacts(one, view)}
${showCommands(one)}`
}`;
}

/** In a line: when it came, and what became of it. */
function showFate({ receivedAt, event, isPurged, duplicates }: OneEvent): Markup {
  if (!event)
    return html`It came at ${timeTag(receivedAt)}. It is past its retention: only its id is kept, to tell duplicates by.`;
  const states = event.handlers.map(({ handler, state, attempts, due }, at) => {
    const times = attempts > 1 ? ` after ${attempts} attempts` : '';
    return html`${at > 0 && '; '}<strong>${state}</strong> for ${handler}${times}${due && html`, due ${timeTag(due)}`}`;
  });
  return html`${event.held === null ? 'Accepted' : 'Held'} ${timeTag(receivedAt)}: ${states.length === 0 ? 'no handler wants it' : states}${isPurged && '; its body is past its retention'}.${duplicates && html` It came again ${counted(duplicates.count, 'time')}, last ${timeTag(duplicates.lastAt)}.`}`;
}

function showHandlers(one: OneEvent, view: View): Markup | null {
  const { event, handlers, isPurged } = one;
  if (!event) return null;
  const rows = event.handlers.map(({ handler, state, attempts, due, error }) => {
    const acts =
      state !== 'handling' &&
      html`${!isPurged && orderForm(view, one, 'replay', handler)} ${state !== 'done' && state !== 'discarded' && orderForm(view, one, 'discard', handler)}`;
    return html`<tr><th scope="row">${handler}</th><td data-name="state">${badge(state)}${due && html` due ${timeTag(due)}`}</td><td class="number" data-name="attempts">${attempts}</td><td class="wrap" data-name="last error"><span class="said">${error?.split('\n')[0] ?? ''}</span></td><td>${acts}</td></tr>`;
  });
  const others = handlers.filter((handler) => !event.handlers.some((its) => its.handler === handler));
  return html`<h2>Handlers</h2>
${rows.length > 0 && tableOf(['handler', 'state', '#attempts', 'last error', 'act'], rows)}
${event.held && html`<p class="note">Held: <span class="said">${event.held}</span>. Replay gives it to its handlers all the same.</p>`}
<div class="acts">${event.handlers.length > 1 && orderForm(view, one, 'replay')}${others.map((handler) => !isPurged && orderForm(view, one, 'replay', handler, `Give it to ${handler}`))}</div>`;
}

/** One order for this event: of one handler, or of all. */
function orderForm(
  view: View,
  { id, number: event }: OneEvent,
  action: ActionVerb,
  handler?: string,
  words?: string,
) {
  const button =
    words ?? `${action === 'replay' ? 'Replay' : 'Discard'}${handler === undefined ? ' for all' : ''}`;
  const fields = { action, event, ...(handler !== undefined && { handler }), back: `/events/${id}` };
  return postForm(view, { to: '/orders', fields, button, ...(action === 'discard' && { look: 'danger' }) });
}

function showAttempts(attempts: readonly AttemptRecord[]): Markup {
  if (attempts.length === 0) return html`<h2>Attempts</h2><p class="muted">None yet.</p>`;
  const rows = attempts.map(({ startedAt, handler, attempt, outcome, ms, status, error, output }) => {
    const [words = '', ...places] = (error ?? '').split('\n');
    const more = [places.join('\n'), output].filter(Boolean);
    return html`<tr><td data-name="started">${timeTag(startedAt)}</td><td data-name="handler">${handler} #${attempt}</td><td data-name="outcome">${badge(outcome as 'done')}</td><td class="number" data-name="took">${durationText(ms)}</td><td data-name="status">${status}</td><td class="wrap said" data-name="said">${words}${more.length > 0 && html`<details><summary>stack, output</summary>${more.map((text) => html`<pre>${text}</pre>`)}</details>`}</td></tr>`;
  });
  return html`<h2>Attempts</h2>${tableOf(['started', 'handler', 'outcome', '#took', 'status', 'error, output'], rows)}`;
}

function showBody({ id, event, body }: OneEvent, { link }: View): Markup {
  if (!body) return html`<h2>Body</h2><p class="muted">It is past its retention.</p>`;
  const save = link(`/events/${id}/body`);
  const forms = BODY_FORMS.map(
    (form) =>
      html`<a href="${link(`/events/${id}`, { body: form === 'pretty' ? undefined : form })}#body"${form === body.form && html` aria-current="true"`}>${form}</a>`,
  );
  return html`<h2 id="body">Body</h2><div class="tabs">${forms}<a href="${save}" download>Save the bytes (${bytesText(event?.bytes ?? 0)})</a><button type="button" class="needs-js" data-copy="body-text">Copy</button></div>
<pre id="body-text" tabindex="0"${body.form === 'hex' && html` class="hex"`}>${body.text}</pre>
${body.isCut && html`<p class="note">That is its beginning. <a href="${save}" download>Save all of it</a></p>`}`;
}

function showProofs({ id, event, proofs, soundness }: OneEvent, { link }: View): Markup {
  const rows = proofs.map(({ scheme, form, secret, wouldRefuse }) => {
    const by = [form, secret && `secret ${secret}`].filter(Boolean).join(', ');
    return html`<dt>${scheme}</dt><dd>${wouldRefuse ? `only observed: it would have refused, ${wouldRefuse}` : by || 'passed'}</dd>`;
  });
  const now =
    soundness &&
    html`<dt>now</dt><dd>${soundness.bytes === 'hold' ? badge('done', 'the bytes are those that came') : badge('alarm', 'the bytes DIFFER from those that came')} ${soundness.signature === 'holds' ? badge('done', 'the signature holds') : soundness.signature === 'FAILS' ? badge('alarm', 'the signature FAILS') : `signature: ${soundness.signature}`}</dd>`;
  return html`<h2 id="proof">How it was proved</h2><dl><dt>from</dt><dd>${event?.address}</dd>${rows}${now}</dl>
<p><a class="button" href="${link(`/events/${id}`, { verify: 1 })}#proof">Verify now</a></p>`;
}

function showFacts({ id, event, keys }: OneEvent, { link }: View): Markup | null {
  if (!event) return null;
  const found = Object.entries(keys).map(
    ([name, values]) =>
      html`<dt>${name}</dt><dd>${values.map((value) => html`<a class="said" href="${link('/events', { key: value })}">${value}</a> `)}</dd>`,
  );
  const headers = Object.entries(event.headers ?? {}).map(
    ([name, value]) => html`<dt class="said">${name}</dt><dd class="said mono">${value}</dd>`,
  );
  return html`<h2>Facts</h2><dl><dt>id</dt><dd class="mono">${id}</dd><dt>source</dt><dd><a href="${link('/events', { source: event.source })}">${event.source}</a></dd><dt>type</dt><dd class="said">${event.type ?? 'none'}</dd><dt>their id</dt><dd class="said">${event.externalId ?? 'none'}</dd>${found}</dl>
<h3>Headers that were kept</h3><dl>${headers}</dl>`;
}

function showCommands({ commands }: OneEvent): Markup | null {
  if (!commands) return null;
  const block = (id: string, words: string, command: string) =>
    html`<h3>${words} <button type="button" class="needs-js" data-copy="${id}">Copy</button></h3><pre id="${id}" tabindex="0">${command}</pre>`;
  return html`<h2>Send it again from a terminal</h2><p class="hint">Save the bytes first. <code>send</code> signs them anew; what <code>curl</code> sends has no signature any more, and is for a handler's own server.</p>
${block('command-send', 'With Consignee', commands.send)}${block('command-curl', 'With curl', commands.curl)}`;
}

/** Every event with the same key, in the order in which they came. */
function showRelated({ id, related }: OneEvent, { link }: View): Markup[] {
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
${tableOf(['received', 'type', hasStates && 'state', hasStates && 'as of', 'handlers'], rows)}`;
  });
}
