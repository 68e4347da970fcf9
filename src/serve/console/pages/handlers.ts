/** Handlers: what each has to do, how it goes, and whether it is kept from it; with the buttons that change that. */
import { amount, counted } from '../../../base/words.ts';
import { postForm } from '../forms.ts';
import { type HandlerReport, type HandlerReports, LONGER_MS, readHandlers } from '../handler-facts.ts';
import { type HtmlValue, html, type Markup } from '../html.ts';
import { definePage, type View } from '../page.ts';
import { badge, durationText, timeTag } from '../words.ts';

export const handlersPage = definePage<HandlerReports>({
  path: '/handlers',
  title: 'Handlers',
  nav: 'Handlers',
  fields: {
    handlers:
      'in the order of the wiring: `handler`, its `source` and `target`; its wiring: `types` (null: all), `isLatestOnly`, `concurrency`, `timeLimitMs`, `maxAttempts`, `ratePerSecond`; deliveries `pending`, `handling`, `dead`, `held`; `oldestDueAt`: when what waits longest for its time was due, or is; attempts that ended `perMinute` within the last ten; `attempts` of the last hour: `count`, `p50Ms` and `p95Ms` as upper bounds; how many of them `failed`; `lastSuccessAt` within 30 days, to the minute or, if longer ago, to the hour; `isResting`, `restsUntil`; what `paused` it: `name`, `since`, `who`, `reason`',
  },
  read: readHandlers,
  show: showHandlerReports,
});

function showHandlerReports({ handlers }: HandlerReports, view: View): Markup {
  if (handlers.length === 0)
    return html`<p class="note">No handler is wired: name one in <code>config/sources.ts</code>, as docs/handlers.md says. Events are kept until then.</p>`;
  const still = handlers.filter(({ paused, isResting }) => paused || isResting).length;
  return html`<div id="handlers" data-live><p class="note">${still === 0 ? 'All handlers work.' : `${counted(still, 'handler')} of ${handlers.length} paused or resting.`} Who is paused gets nothing; what comes meanwhile waits. Rates are of the last ten minutes, times of the last hour.</p>
${handlers.map((handler) => showHandler(handler, view))}</div>`;
}

function showHandler(one: HandlerReport, view: View): Markup {
  const {
    handler,
    pending,
    handling,
    dead,
    held,
    concurrency,
    oldestDueAt,
    perMinute,
    attempts,
    failed,
    lastSuccessAt,
  } = one;
  const { link, now } = view;
  const list = (state: string, count: number) =>
    html`<a href="${link('/events', { handler, state })}">${amount(count)}</a>`;
  const fact = (name: string, value: HtmlValue) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<section class="group" aria-label="${handler}"><h2>${handler} ${showState(one, view)}</h2>
${one.paused && html`<p>Paused ${timeTag(one.paused.since, { now })} by ${one.paused.who}: <span class="said">${one.paused.reason}</span>${one.paused.name !== handler && ` (its target ${one.paused.name})`}</p>`}
<dl class="facts">
${fact('waiting', list('pending', pending))}
${fact('oldest due', oldestDueAt === null ? 'nothing waits' : timeTag(oldestDueAt, { now }))}
${fact('being handled', html`${list('handling', handling)} of ${amount(concurrency)}`)}
${fact('dead', list('dead', dead))}
${fact('held', list('held', held))}
${fact('ended per minute', perMinute === 0 ? '0' : perMinute < 10 ? perMinute.toFixed(1) : amount(Math.round(perMinute)))}
${fact('half within', timeText(attempts.p50Ms))}
${fact('95 of 100 within', timeText(attempts.p95Ms))}
${fact('failed of attempts', `${amount(failed)} of ${amount(attempts.count)}`)}
${fact('last success', lastSuccessAt === null ? 'none in 30 days' : timeTag(lastSuccessAt, { now }))}
</dl>
<p class="muted">${wiringText(one)}</p>
${showHandlerActs(one, view)}</section>`;
}

function showState({ paused, isResting, restsUntil }: HandlerReport, { now }: View): Markup {
  if (paused) return badge('paused');
  if (!isResting) return badge('well', 'works');
  const isOver = restsUntil === null || Date.parse(restsUntil) <= now;
  return html`${badge('resting')} <small>${isOver ? 'its target was down; one event tries it' : html`its target is down; one event tries it ${timeTag(restsUntil, { now })}`}</small>`;
}

function wiringText({
  types,
  isLatestOnly,
  target,
  handler,
  timeLimitMs,
  maxAttempts,
  ratePerSecond,
}: HandlerReport): string {
  return [
    types === null ? 'All types' : `Types ${types.join(', ')}`,
    `${durationText(timeLimitMs)} for an attempt`,
    `dead after ${counted(maxAttempts, 'attempt')}`,
    ...(ratePerSecond === null ? [] : [`${ratePerSecond} a second at most`]),
    ...(target === handler ? [] : [`target ${target}`]),
    ...(isLatestOnly ? ['the newest state of each thing only'] : []),
  ].join(' · ');
}

function timeText(ms: number | null): string {
  if (ms === null) return '–';
  return ms >= LONGER_MS ? 'over 5 s' : durationText(ms);
}

function showHandlerActs({ handler, paused, isResting }: HandlerReport, view: View): Markup {
  const back = { to: '/pauses' } as const;
  if (paused)
    return html`<p class="acts">${postForm(view, { ...back, fields: { verb: 'resume', name: paused.name }, button: `Resume ${paused.name}`, look: 'main' })}</p>`;
  const tryNow =
    isResting &&
    postForm(view, { ...back, fields: { verb: 'resume', name: handler }, button: 'Try now', look: 'main' });
  const reason = html`<label>Why? <input name="reason" required maxlength="200" placeholder="the ERP is being moved"></label> `;
  return html`<div class="acts">${tryNow}${view.may === 'act' && html`<details><summary>Pause ${handler}…</summary>${postForm(view, { ...back, fields: { verb: 'pause', name: handler }, button: 'Pause', before: reason })}</details>`}</div>`;
}
