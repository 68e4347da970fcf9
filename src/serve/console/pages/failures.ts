/** What has failed and is still open, in groups of one handler and one cause, each to be replayed or given up as one. */
import { isoOrNull } from '../../../base/times.ts';
import { amount, counted } from '../../../base/words.ts';
import type { FailureGroup } from '../../../inbox/failures.ts';
import { showChoice, sinceIn, WINDOWS } from '../forms.ts';
import { html, type Markup } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { badge, timeTag } from '../words.ts';

interface FailureList {
  readonly since: string | null;
  readonly groups: readonly FailureGroup[];
  readonly more: number;
  readonly handlers: readonly string[];
}

export const failuresPage = definePage<FailureList>({
  path: '/failures',
  title: 'Failures by cause',
  nav: 'Failures',
  fields: {
    since: 'of the query: groups that were last seen since then, over or not; null: those that are open now',
    groups:
      'those with most open deliveries first, 100 at most: `handler`, `cause`, how many are `dead` and `retrying` now, `first`, `last`, how many attempts were `seen` to fail so, one `sample` in full, and the ids of the `newest` three events',
    more: 'so many groups more than these; `handler` of the query narrows them down',
    handlers: 'the handlers that there are',
  },
  read: readFailureList,
  show: showFailureList,
});

async function readFailureList(
  { reading, handlers }: PageSource,
  { query, now }: PageRequest,
): Promise<FailureList> {
  const since = sinceIn(query, now);
  const handler = query.get('handler');
  const filter = { ...(handler && { handler }), ...(since !== undefined && { since }) };
  const { groups, more } = await reading.ask('failures', filter);
  return {
    since: isoOrNull(since),
    groups,
    more,
    handlers: [...handlers().keys()],
  };
}

function showFailureList({ since, groups, more, handlers }: FailureList, view: View): Markup {
  const { link } = view;
  const sumOf = (name: 'dead' | 'retrying') => groups.reduce((sum, group) => sum + group[name], 0);
  const says =
    groups.length === 0
      ? since === null
        ? 'Nothing has failed that is still open.'
        : 'Nothing has failed since then.'
      : `${counted(groups.length + more, 'cause')}: ${counted(sumOf('dead'), 'delivery', 'deliveries')} dead and ${amount(sumOf('retrying'))} tried again${more > 0 ? `, in the ${groups.length} causes that are shown` : ''}.`;
  return html`<form class="filters" method="get" action="${link('/failures')}">${showChoice(view, 'handler', 'Handler', handlers)}${showChoice(view, 'since', 'Last seen within', WINDOWS)}<button>Filter</button></form>
<div id="failures" data-live><p class="note">${says}${since === null ? ' Deliveries that are dead or tried again are counted, whenever they came.' : ' Causes that are over by now are here, too.'}</p>
${groups.map((group) => showFailureGroup(group, view))}
${groups.length === 0 && since === null && html`<p class="hint">What a handler throws stands here, one group for each cause, however many events it is about. A handler tries again by itself; what is dead waits for you. <code>npm run events -- failures</code> tells the same.</p>`}</div>`;
}

function showFailureGroup(group: FailureGroup, { link, now, may }: View): Markup {
  const { handler, cause, dead, retrying, first, last, seen, sample, newest } = group;
  const [words = '', ...trace] = sample.split('\n');
  const to = (verb: 'replay' | 'discard') => link('/events/confirm', { verb, scope: 'all', cause, handler });
  const list = (state?: string) => link('/events', { cause, handler, state });
  return html`<section class="group" aria-label="${handler}: ${words.slice(0, 80)}"><h2><a href="${list()}">${handler}</a> ${dead > 0 && html`<a href="${list('dead')}">${badge('dead', `${amount(dead)} dead`)}</a>`} ${retrying > 0 && html`<a href="${list('pending')}">${badge('retry', `${amount(retrying)} tried again`)}</a>`} ${dead + retrying === 0 && badge('done', 'over')}</h2>
<p class="said mono">${words}</p>
${trace.length > 0 && html`<details><summary>Where it was thrown</summary><pre tabindex="0">${trace.join('\n')}</pre></details>`}
<p class="muted">Last ${timeTag(last, { now })}, first ${timeTag(first, { now })}; ${counted(seen, 'attempt')} failed like this.${newest.length > 0 && html` The newest: ${newest.map((id) => html`<a class="mono" href="${link(`/events/${id}`)}">${id}</a> `)}`}</p>
${may === 'act' && dead + retrying > 0 && html`<p class="acts"><a class="button" href="${to('replay')}">Replay these…</a><a class="button" href="${to('discard')}">Give these up…</a></p>`}</section>`;
}
