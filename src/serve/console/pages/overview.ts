/** The overview: one sentence whether all is well, then the numbers of the day, each a link to what it counts. */
import { amount, counted } from '../../../base/words.ts';
import { sparkline } from '../charts.ts';
import { type HtmlValue, html, type Markup, tableOf } from '../html.ts';
import { type Overview, readOverview } from '../overview-facts.ts';
import { definePage, type View } from '../page.ts';
import { agoText, badge, bytesText, durationText, showSeen, timeTag, timeTakenText } from '../words.ts';

export const overviewPage = definePage<Overview>({
  path: '/',
  title: 'Overview',
  nav: 'Overview',
  fields: {
    status: 'the answer of `GET /status`',
    today:
      'since midnight UTC: `events` kept, `duplicates` known already, and what is `usual` by this time, or null',
    lastHour: 'the same within sixty minutes',
    refused:
      'within sixty minutes: `count`, its `share` of all requests (0 to 1), and the `top` cause, or null',
    lastDay: 'within 24 hours: deliveries that became `dead`, events that were `held`',
    answers:
      'within sixty minutes: `count`, `p99Ms` as an upper bound, and the tightest `limit` of a provider, or null',
    perHour: 'for each source the events of the last 24 hours, hour by hour',
    running: 'actions that are under way',
  },
  read: readOverview,
  show: showOverview,
});

function showOverview(overview: Overview, view: View): Markup {
  return html`<div id="overview" data-live>
${showVerdict(overview, view)}
<ul class="cards">${showCards(overview, view)}</ul>
<h2>Sources</h2>
${showSources(overview, view)}
</div>`;
}

function showVerdict({ status, running }: Overview, { link, now }: View): Markup {
  const { isWell, alarms, service, unknown } = status;
  const [worst] = alarms ?? [];
  const others = (alarms?.length ?? 0) - 1;
  const last = status.sources.map(({ lastAt }) => (lastAt === null ? 0 : Date.parse(lastAt)));
  const heard = Math.max(0, ...last);
  const says: HtmlValue =
    service?.isReady === false
      ? 'The service takes nothing in.'
      : worst
        ? html`<a href="${link('/alarms')}">${worst.says}</a>${others > 0 && ` And ${counted(others, 'other alarm')}.`}`
        : unknown.length > 0
          ? `Not all is known: ${unknown.map(({ what, why }) => `${what} (${why})`).join(', ')}.`
          : isWell
            ? html`<strong>All is well.</strong> ${heard === 0 ? 'No event has come yet.' : `The last event came ${agoText(heard, now)}.`}`
            : 'The disk of the inbox takes no writes.';
  return html`<p class="verdict ${isWell ? 'well' : 'ill'}">${isWell ? badge('well', 'well') : badge('alarm', 'not well')} ${says}
${running > 0 && html` <a href="${link('/actions')}">${counted(running, 'action')} under way</a>`}</p>`;
}

interface Card {
  readonly label: string;
  readonly figure: string;
  readonly to: string;
  readonly more: HtmlValue;
  readonly isIll?: boolean;
}

function showCards(overview: Overview, view: View): Markup[] {
  return [
    ...receivedCards(overview, view),
    ...workCards(overview, view),
    ...machineCards(overview, view),
  ].map(
    ({ label, figure, to, more, isIll }) => html`<li${isIll && html` class="ill"`}><h2>${label}</h2>
<p class="figure"><a href="${to}">${figure}</a></p><p>${more}</p></li>`,
  );
}

function receivedCards({ today, lastHour, refused }: Overview, { link }: View): Card[] {
  const beside = ({ usual, duplicates }: Overview['today']) => {
    const known = usual === null ? 'usual: not known yet' : `usually ${amount(usual)}`;
    return duplicates === 0 ? known : `${known}; ${counted(duplicates, 'duplicate')} beside them`;
  };
  const { top, share, count } = refused;
  return [
    {
      label: 'Events since midnight UTC',
      figure: amount(today.events),
      to: link('/events', { since: 'today' }),
      more: beside(today),
    },
    {
      label: 'Events in the last hour',
      figure: amount(lastHour.events),
      to: link('/events', { since: '1h' }),
      more: beside(lastHour),
    },
    {
      label: 'Refused in the last hour',
      figure: amount(count),
      to: link('/refused', { since: '1h' }),
      more: top === null ? 'none' : `${Math.round(share * 100)} % of all; most: ${top.source} ${top.code}`,
    },
  ];
}

function workCards({ status, lastDay }: Overview, { link, now }: View): Card[] {
  const { handlers } = status;
  if (!handlers) return [];
  const { pending, dead, held, oldestPendingAt, resting, paused } = handlers;
  const still = [
    ...(paused ?? []).map(({ name }) => `${name} paused`),
    ...(resting ?? []).map((name) => `${name} rests`),
  ];
  return [
    {
      label: 'Deliveries waiting',
      figure: amount(pending),
      to: link('/events', { state: 'pending' }),
      more: oldestPendingAt === null ? 'none' : html`the oldest came ${timeTag(oldestPendingAt, { now })}`,
    },
    {
      label: 'Deliveries dead, in all',
      figure: amount(dead),
      to: link('/events', { state: 'dead' }),
      more: html`<a href="${link('/failures', { since: '24h' })}">${amount(lastDay.dead)} new in 24 hours</a>`,
      isIll: lastDay.dead > 0,
    },
    {
      label: 'Deliveries held, in all',
      figure: amount(held),
      to: link('/events', { state: 'held' }),
      more: html`<a href="${link('/events', { held: true, since: '24h' })}">${counted(lastDay.held, 'event')} held in 24 hours</a>`,
    },
    {
      label: 'Handlers paused or resting',
      figure: amount(still.length),
      to: link('/handlers'),
      more: still.join(', ') || 'all work',
      isIll: still.length > 0,
    },
  ];
}

function machineCards({ answers, status }: Overview, { link }: View): Card[] {
  const { p99Ms, limit } = answers;
  const { disk, clock } = status;
  const cards: Card[] = [
    {
      label: 'Answers, 99 of 100 within',
      figure: p99Ms === null ? '–' : timeTakenText(p99Ms),
      to: link('/charts'),
      more:
        limit === null
          ? 'in the last hour'
          : `in the last hour; ${limit.source} waits ${durationText(limit.ms)}`,
      isIll: p99Ms !== null && limit !== null && p99Ms >= limit.ms,
    },
  ];
  const skew = clock === null ? 0 : Math.abs(clock.doubtMs);
  cards.push({
    label: 'Disk free',
    figure: disk === null ? 'not known' : bytesText(disk.freeMb * 1_048_576),
    to: link('/about'),
    more: skew === 0 ? 'the clock is right' : `the clock is wrong by ${durationText(skew)}`,
    isIll: disk?.isReadOnly === true || skew > 0,
  });
  return cards;
}

function showSources({ status, perHour }: Overview, { link, now }: View): Markup {
  const rows = status.sources.map(({ source, isOn, today, lastAt, lastHour }) => {
    const counts = perHour.find((one) => one.source === source)?.counts ?? [];
    const sum = counts.reduce((all, one) => all + one, 0);
    const refused = Object.values(lastHour?.refused ?? {}).reduce((all, one) => all + one, 0);
    return html`<tr><th scope="row"><a href="${link('/events', { source })}">${source}</a></th>
<td data-name="last seen">${showSeen({ isOn, lastAt }, now)}</td>
<td class="number" data-name="today">${today === null ? '–' : amount(today)}</td>
<td class="number" data-name="refused, 1 h"><a href="${link('/refused', { source, since: '1h' })}">${amount(refused)}</a></td>
<td data-name="24 hours">${sparkline(counts, `${source}: ${counted(sum, 'event')} in 24 hours, by the hour`)}</td></tr>`;
  });
  return tableOf(['source', 'last seen', '#taken in today', '#refused, 1 h', 'events, 24 hours'], rows);
}
