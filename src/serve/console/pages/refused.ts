/** Requests that were refused: by source and cause, with what it means and the remedy; and one of them, with what would become of it now. */
import { amount, counted } from '../../../base/words.ts';
import { postForm, showChoice, WINDOWS } from '../forms.ts';
import { html, type Markup, prose, sentence, tableOf } from '../html.ts';
import { definePage, type View } from '../page.ts';
import {
  type RefusedCause,
  type RefusedConfirmation,
  type RefusedList,
  type RefusedOne,
  readRefusedConfirmation,
  readRefusedList,
  readRefusedOne,
} from '../refused-facts.ts';
import { badge, bytesText, timeTag } from '../words.ts';

export const refusedPage = definePage<RefusedList>({
  path: '/refused',
  title: 'Refused by cause',
  nav: 'Refused',
  fields: {
    machine: 'the machine whose kept requests these are: each replica keeps its own',
    since: 'from when on; 24 hours, unless the query says another `since`',
    causes:
      'those with most first: `source`, `code`, the `status` of the answer, what it `means`, what it `asks`, the `fix`, how many were `counted` by all replicas and are `kept` here, and of these the `addresses` with `count`, `first`, `last` and the ids of the `newest` three',
    more: 'so many addresses more than are here; `source`, `code` and `address` of the query narrow them down',
    lost: 'what is not kept, or not any more: `source`, `why`, `count`, `first`, `last`, and in words `says`',
    sources: 'the sources that there are',
  },
  read: readRefusedList,
  show: showRefusedList,
});

function showRefusedList(list: RefusedList, view: View): Markup {
  const { machine, since, causes, more, lost, sources } = list;
  const { link, now, may } = view;
  const source = view.query.get('source');
  const days = view.query.get('since') ? WINDOWS : WINDOWS.filter(([value]) => value !== '24h');
  const recheck = link('/refused/recheck', { source });
  return html`<form class="filters" method="get" action="${link('/refused')}">${showChoice(view, 'source', 'Source', sources)}${showChoice(view, 'since', 'Within', [...days])}<label>Code <input name="code" value="${view.query.get('code')}" maxlength="60"></label><label>Address <input name="address" value="${view.query.get('address')}" maxlength="60"></label><button>Filter</button></form>
<div id="refused" data-live><p class="note">${causes.length === 0 ? 'Nothing was refused' : `${counted(causes.length, 'cause')}`} since ${timeTag(since)}. They are counted for all replicas; unproven ones (401) are kept for some days, and here are those of <strong>${machine}</strong>.</p>
${causes.length === 0 && html`<p class="hint">A request that fails a check is answered with its code and stands here, with what to do. To see one, send what nobody has signed: <code>curl -d '{}' …/webhooks/shippo</code>.</p>`}
${causes.map((cause) => showCause(cause, view))}
${more > 0 && html`<p>${counted(more, 'more address', 'more addresses')}: name a source, a code or an address.</p>`}
${lost.length > 0 && html`<h2>Not kept here</h2><ul>${lost.map(({ source: of, says, count, first, last }) => html`<li>${of}: ${amount(count)} ${says}, ${timeTag(first, { now })} to ${timeTag(last, { now })}</li>`)}</ul>`}
${may === 'act' && causes.some(({ kept }) => kept > 0) && html`<p class="acts"><a class="button" href="${recheck}">Judge ${source ? `those of ${source}` : 'all'} again…</a></p>`}</div>`;
}

function showCause(cause: RefusedCause, { link, now, may }: View): Markup {
  const { source, code, status, means, asks, fix, counted: requests, kept, addresses } = cause;
  const rows = addresses.map(
    ({ address, count, first, last, newest }) =>
      html`<tr><th scope="row" class="mono">${address || 'not known'}</th><td class="number" data-name="kept">${amount(count)}</td><td data-name="first">${timeTag(first, { now })}</td><td data-name="last">${timeTag(last, { now })}</td><td data-name="newest">${newest.map((id) => html`<a class="mono" href="${link(`/refused/${id}`)}">${id}</a> `)}</td></tr>`,
  );
  return html`<section class="group" aria-label="${source} ${code}"><h2>${source} ${badge('refused', code)} <small>${counted(requests, 'request')} counted, ${amount(kept)} kept here; answered with ${status}</small></h2>
<p><strong>${sentence(means)}</strong> ${prose(`${asks} ${fix}`)}</p>
${rows.length > 0 && tableOf(['address', '#kept', 'first', 'last', 'newest'], rows)}
${may === 'act' && kept > 0 && html`<p class="acts"><a class="button" href="${link('/refused/discard', { source, code })}">Discard these…</a></p>`}</section>`;
}

export const refusedOnePage = definePage<RefusedOne>({
  path: '/refused/:ref',
  title: 'Refused request',
  fields: {
    id: 'that of the answer',
    machine: 'where it is kept',
    receivedAt: 'when it came',
    source: 'to which source',
    code: 'the check that refused it',
    reason: 'why, in words',
    address: 'from where',
    bytes: 'how long its body is',
    headers: 'without those that prove something',
    credentials: 'the names of those',
    body: 'its beginning as `text`, without the credential that is in some bodies, and whether it `isCut`',
    status: 'that of the answer',
    means: 'what the code means',
    asks: 'the likely cause',
    fix: 'the remedy',
    judgement:
      '`passes`: `all`, `handshake` (all, and it is no event), `now only` (the checks of now, but not all of then) or `no`, then with the `code`; `says` it in words',
  },
  read: readRefusedOne,
  show: showRefusedOne,
});

function showRefusedOne(one: RefusedOne, view: View): Markup {
  const { id, receivedAt, source, code, reason, address, bytes, headers, credentials, body } = one;
  const { link } = view;
  const { passes, says } = one.judgement;
  const judged =
    passes === 'no'
      ? badge('refused', 'still refused')
      : badge('well', passes === 'now only' ? 'would pass in part' : 'would pass');
  return html`<p class="verdict ${passes === 'no' ? 'ill' : 'well'}">${judged} ${says}</p>
<p class="acts">${postForm(view, { to: '/recheck', fields: { ids: id }, button: 'Judge it again', look: 'main' })}
${passes === 'now only' && postForm(view, { to: '/recheck', fields: { ids: id, byChecksOfNow: 'true' }, button: 'The checks of now are enough: take it' })}
${postForm(view, { to: '/refused/discard', fields: { ids: id }, button: 'Discard it', look: 'danger' })}</p>
<dl><dt>id</dt><dd class="mono">${id}</dd><dt>source</dt><dd><a href="${link('/refused', { source })}">${source}</a></dd><dt>came</dt><dd>${timeTag(receivedAt)} from <span class="mono">${address || 'an address that is not known'}</span></dd>
<dt>refused</dt><dd>${badge('refused', code)} <span class="said">${reason}</span></dd><dt>means</dt><dd>${sentence(one.means)} ${prose(`${one.asks} ${one.fix}`)}</dd>
<dt>proof</dt><dd>${credentials.length === 0 ? 'no header that proves anything' : html`<span class="said mono">${credentials.join(', ')}</span> (kept to be judged, never shown)`}</dd><dt>kept on</dt><dd>${one.machine}</dd></dl>
<h2>Headers</h2><dl class="mono">${Object.entries(headers).map(([name, value]) => html`<dt class="said">${name}</dt><dd class="said">${value}</dd>`)}</dl>
<h2>Body, ${bytesText(bytes)}</h2><pre tabindex="0">${body.text}</pre>${body.isCut && html`<p class="hint">Only its beginning; <code>npm run events -- refused show ${id} --body</code> has all of it.</p>`}`;
}

const CONFIRMATION_FIELDS = {
  machine: 'whose refused requests are meant',
  choice: '`source`, `code`, `address`, `ids`: all that is given must be true',
  found: 'how many are kept that it means',
} as const;

export const refusedDiscardPage = definePage<RefusedConfirmation>({
  path: '/refused/discard',
  title: 'Discard refused requests?',
  fields: CONFIRMATION_FIELDS,
  read: readRefusedConfirmation,
  show: (asked, view) => {
    const { choice, found, machine } = asked;
    const names = Object.entries(choice);
    if (names.length === 0 || found === 0) return showNothingMeant(view);
    return html`<p class="verdict">Discard <strong>${counted(found, 'refused request')}</strong> on ${machine}: ${choiceText(choice)}.</p><p>They can be judged no more.</p>
<p class="acts">${postForm(view, { to: '/refused/discard', fields: fieldsOf(choice), button: `Discard ${counted(found, 'request')}`, look: 'danger' })} <a class="button" href="${view.link('/refused')}">Back to the list</a></p>`;
  },
});

export const refusedRecheckPage = definePage<RefusedConfirmation>({
  path: '/refused/recheck',
  title: 'Judge refused requests again?',
  fields: CONFIRMATION_FIELDS,
  // It takes a source or ids, and nothing else.
  read: (from, { query, ...asked }) =>
    readRefusedConfirmation(from, {
      ...asked,
      query: new URLSearchParams([...query].filter(([name]) => name === 'source' || name === 'ids')),
    }),
  show: (asked, view) => {
    const { choice, found, machine } = asked;
    if (found === 0) return showNothingMeant(view);
    return html`<p class="verdict">Judge <strong>${counted(found, 'refused request')}</strong> on ${machine} again: ${choiceText(choice)}.</p><p>Those that pass every check now become events as if they had just come, and go to their handlers. The rest stays. That happens by itself after a reload and after a restart.</p>
<p class="acts">${postForm(view, { to: '/recheck', fields: fieldsOf(choice), button: `Judge ${counted(found, 'request')}`, look: 'main' })} <a class="button" href="${view.link('/refused')}">Back to the list</a></p>`;
  },
});

function showNothingMeant({ link }: View): Markup {
  return html`<p class="note">Nothing that is kept here is meant.</p><p><a class="button" href="${link('/refused')}">Back to the list</a></p>`;
}

function choiceText(choice: RefusedConfirmation['choice']): Markup {
  const said = Object.entries(choice).map(([name, value]) => `${name} ${value}`);
  return html`<span class="said">${said.join(', ') || 'all of them'}</span>`;
}

function fieldsOf({ ids, ...choice }: RefusedConfirmation['choice']): Record<string, string> {
  const given = Object.entries(choice).filter(([, value]) => value !== undefined) as [string, string][];
  return { ...Object.fromEntries(given), ...(ids && { ids: ids.join(',') }) };
}
