/** Actions: what people had done, who and when, and how far what is under way has come; one of them by itself, to be looked at until it ends. */
import { iso, isoOrNull } from '../../../base/times.ts';
import { amount, counted } from '../../../base/words.ts';
import type { ActionRecord } from '../../../inbox/actions.ts';
import { describeSelection } from '../../../inbox/selection-words.ts';
import { postForm, refreshLink } from '../forms.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, PageError, type PageRequest, type PageSource, type View } from '../page.ts';
import { badge, durationText, type Sign, timeTag } from '../words.ts';

const SHOWN = 50;

type ActionFacts = Omit<ActionRecord, 'at' | 'endedAt'> & {
  readonly at: string;
  readonly endedAt: string | null;
  /** In words. */
  readonly selected: string;
};

const FIELDS = {
  id: 'its number',
  at: 'when it was ordered',
  who: 'by whom',
  verb: '`replay`, `discard`, `pause`, `resume`, `discard refused` or `recheck refused`',
  about: 'the selection, or what was paused, or which refused requests',
  selected: 'the same in words',
  state: '`running`, `done` or `cancelled`',
  found: 'so many were meant',
  changed: 'so many were changed',
  skipped: 'so many had been changed by somebody else, purged or overtaken',
  failed: 'so many failed',
  remark: 'why, or null',
  endedAt: 'when it ended, or null',
} as const;

interface ActionList {
  readonly actions: readonly ActionFacts[];
  readonly next: number | null;
}

export const actionsPage = definePage<ActionList>({
  path: '/actions',
  title: 'Actions',
  nav: 'Actions',
  fields: {
    actions: `the newest first, ${SHOWN} a page: ${Object.keys(FIELDS)
      .map((name) => `\`${name}\``)
      .join(', ')}, as of one action`,
    next: 'the `before` of the next page, or null at the end',
  },
  async read({ reading }: PageSource, { query }: PageRequest) {
    const before = query.get('before');
    if (before !== null && !/^\d{1,15}$/.test(before))
      throw new PageError(400, 'before wants the id of an action');
    const found = await reading.ask('actions', SHOWN + 1, ...(before === null ? [] : [Number(before)]));
    const actions = found.slice(0, SHOWN).map(actionFactsOf);
    return { actions, next: found.length > SHOWN ? (actions.at(-1)?.id ?? null) : null };
  },
  show: showActions,
});

export const actionPage = definePage<ActionFacts>({
  path: '/actions/:action',
  title: 'Action',
  fields: FIELDS,
  async read({ reading }: PageSource, { params: { action: id = '' } }: PageRequest) {
    const action = /^\d{1,15}$/.test(id) ? await reading.ask('action', Number(id)) : undefined;
    if (!action) throw new PageError(404, `there is no action ${id}`);
    return actionFactsOf(action);
  },
  show: showAction,
});

function actionFactsOf({ at, endedAt, ...action }: ActionRecord): ActionFacts {
  const { about } = action;
  const { name, reason, code, address, ids, ...selection } = about;
  const refused = Object.entries({ source: about.source, code, address, ids: ids?.join(', ') }).flatMap(
    ([key, value]) => (value ? [`${key} ${value}`] : []),
  );
  const selected =
    name !== undefined
      ? `${name}${reason ? `: ${reason}` : ''}`
      : action.verb.endsWith('refused')
        ? refused.join(', ') || 'all of them'
        : describeSelection(selection);
  return {
    ...action,
    at: iso(at),
    endedAt: isoOrNull(endedAt),
    selected,
  };
}

const SIGN_OF: Readonly<Record<ActionRecord['state'], Sign>> = {
  running: 'running',
  done: 'done',
  cancelled: 'cancelled',
};

function showActions({ actions, next }: ActionList, view: View): Markup {
  const { link, now } = view;
  const running = actions.filter(({ state }) => state === 'running').length;
  const rows = actions.map((action) => {
    const { id, at, who, verb, selected, state } = action;
    return html`<tr><th scope="row"><a href="${link(`/actions/${id}`)}">${verb}</a></th><td class="wrap said" data-name="of">${selected}</td><td data-name="by">${who}</td><td data-name="when">${timeTag(at, { now })}</td><td data-name="state">${badge(SIGN_OF[state], state)}</td><td data-name="result">${countsText(action)} ${state === 'running' && showProgressBar(action)}</td></tr>`;
  });
  return html`<div id="actions" data-live data-every="2"><p class="note">${running === 0 ? 'Nothing is under way.' : `${counted(running, 'action')} under way.`} Everything that people had done through the console or by commands stands here.</p>
${rows.length === 0 ? html`<p class="hint">Nothing was done yet. Select events in <a href="${link('/events')}">the list</a> or a cause among <a href="${link('/failures')}">the failures</a> to replay or discard them.</p>` : tableOf(['what', 'of', 'by', 'when', 'state', 'result'], rows)}
${next !== null && html`<p><a class="button" href="${link('/actions', { before: next })}">Older</a></p>`}</div>`;
}

function countsText({ verb, found, changed, skipped, failed }: ActionFacts): string {
  if (verb === 'pause' || verb === 'resume') return counted(changed, 'handler');
  const parts = [`${amount(changed)} of ${amount(found)}`];
  if (verb.endsWith('refused')) return amount(changed);
  if (skipped > 0) parts.push(`${amount(skipped)} skipped`);
  if (failed > 0) parts.push(`${amount(failed)} failed`);
  return parts.join(', ');
}

function showProgressBar({ id, found, changed, skipped, failed }: ActionFacts): Markup {
  const done = changed + skipped + failed;
  return html`<progress max="${Math.max(found, done, 1)}" value="${done}" aria-label="action ${id}: how far it has come">${done} of ${found}</progress>`;
}

function showAction(action: ActionFacts, view: View): Markup {
  const { id, at, who, verb, about, selected, state, found, changed, skipped, failed, remark, endedAt } =
    action;
  const { link, now } = view;
  const isOfMany = verb === 'replay' || verb === 'discard';
  const cancel =
    state === 'running' && postForm(view, { to: `/actions/${id}/cancel`, button: 'Cancel', look: 'danger' });
  const lasted = endedAt === null ? null : Date.parse(endedAt) - Date.parse(at);
  return html`<div id="action" data-live data-every="2"><p class="verdict ${state === 'done' && failed === 0 ? 'well' : ''}">${badge(SIGN_OF[state], state)} <strong>${verb}</strong> <span class="said">${selected}</span></p>
${state === 'running' && html`<p>${showProgressBar(action)}</p>${refreshLink(view, `/actions/${id}`)}`}
<div class="acts">${cancel}${cancel && html`<span class="hint">What is changed already stays so.</span>`}</div>
<dl><dt>ordered</dt><dd>${timeTag(at)} (${timeTag(at, { now })}) by ${who}</dd>${endedAt !== null && html`<dt>ended</dt><dd>${timeTag(endedAt)}, after ${durationText(lasted ?? 0)}</dd>`}
${isOfMany && html`<dt>found</dt><dd>${counted(found, 'delivery', 'deliveries')}</dd>`}<dt>changed</dt><dd>${amount(changed)}</dd>
${isOfMany && html`<dt>skipped</dt><dd>${amount(skipped)}${skipped > 0 && ', which somebody else had changed, or which were purged or overtaken'}</dd><dt>failed</dt><dd>${amount(failed)}${remark !== null && html`: <span class="said">${remark}</span>`}</dd>`}</dl></div>
<p>${isOfMany && about.numbers === undefined && (about.cause !== undefined || about.handler !== undefined) && html`<a class="button" href="${link('/failures', { handler: about.handler })}">What fails now</a> `}<a class="button" href="${link('/actions')}">All actions</a></p>`;
}
