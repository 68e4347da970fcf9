/** Sources: where each provider sends to, what is verified, when it was heard last; and of one all that there is to know. */
import { amount, counted } from '../../../base/words.ts';
import { refreshLink } from '../forms.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, type View } from '../page.ts';
import { readSourcePage, readSources, type SourceList, type SourcePage } from '../source-facts.ts';
import { badge, durationText, showSeen, timeTag } from '../words.ts';

const FACTS = {
  source: 'its name',
  title: 'what people call the provider',
  isOn: 'whether it has something to verify with; what it gets is not taken otherwise',
  url: 'what to paste at the provider, if PUBLIC_URL says it; else null',
  path: 'the path of it',
  checks:
    'what a request must pass: `scheme`, whether it `isEnforced` or only observed, and what it `proves`',
  lastAt: 'when something was taken in last; null: it waits for its first event',
  today: 'taken in since midnight UTC',
  usual: 'what is usual by this time of such a day: `count`, `least`, `most`; null if it is not known yet',
  lastDay: 'within 24 hours: `taken` in, `refused`, and its `share` (0 to 1)',
} as const;

export const sourcesPage = definePage<SourceList>({
  path: '/sources',
  title: 'Sources',
  nav: 'Sources',
  fields: {
    sources: `in the order of the wiring, each with ${Object.keys(FACTS)
      .map((name) => `\`${name}\``)
      .join(', ')} of a source`,
  },
  read: readSources,
  show: showSourceList,
});

function showSourceList({ sources }: SourceList, view: View): Markup {
  const { link, now } = view;
  if (sources.length === 0)
    return html`<p class="note">No source is wired: name one in <code>config/sources.ts</code>.</p>`;
  const rows = sources.map((one) => {
    const { source, title, checks, lastDay } = one;
    return html`<tr><th scope="row"><a href="${link(`/sources/${source}`)}">${source}</a>${title.toLowerCase() !== source && html` <small>${title}</small>`}</th>
<td data-name="verifies">${checks.map(({ scheme, isEnforced }) => (isEnforced ? scheme : `${scheme} (observed)`)).join(', ') || 'nothing'}</td>
<td data-name="last seen">${showSeen(one, now)}</td>
<td class="number" data-name="taken in today">${one.today === null ? '–' : amount(one.today)}</td>
<td class="number" data-name="refused, 24 h"><a href="${link('/refused', { source, since: '24h' })}">${amount(lastDay.refused)}</a>${lastDay.refused > 0 && ` (${percent(lastDay.share)})`}</td>
<td class="wrap mono" data-name="URL">${one.url ?? one.path}</td></tr>`;
  });
  return html`<div id="sources" data-live>${tableOf(['source', 'verifies', 'last seen', '#taken in today', '#refused, 24 h', 'URL'], rows)}</div>`;
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}

export const sourcePage = definePage<SourcePage>({
  path: '/sources/:source',
  title: 'Source',
  fields: {
    ...FACTS,
    secrets:
      'live secrets, of each `scheme` the newest first: the `setting`, the `fingerprint`, whether it `isCurrent`, how often it was used (`count`), `lastAt`, and whether it `mayGo`: it is being retired, and nobody has used it for a day while the current one was used',
    observed:
      'checks that refuse nothing: of how many of the newest events (`looked`) each `wouldRefuse` how many, by code',
    allowlist:
      'who is let in: each `entry` with its number of `addresses`; `published` where and as of when; of a host name `ageMs` of the last good answer, and its `trouble`',
    switchOn: 'the settings that switch it on: the `first` to set, and `any` that does',
    setUp: 'what to do at the provider',
    known: 'where that was read, and when',
    handlers: 'who gets its events',
  },
  read: readSourcePage,
  show: showSource,
});

function showSource(one: SourcePage, view: View): Markup {
  const { source, title, lastAt, isOn, today, usual, lastDay, url, path } = one;
  const { link, now } = view;
  const waits = isOn && lastAt === null;
  const says = !isOn
    ? html`${badge('discarded', 'off')} ${source} is off: nothing that comes is taken in. Set ${one.switchOn.first} to switch it on.`
    : waits
      ? html`${badge('waiting', 'waiting')} ${source} waits for its first event. This turns green by itself when it has come.`
      : html`${badge('well', 'well')} ${title} was heard ${timeTag(lastAt as string, { now })}.`;
  return html`<p><a href="${link('/sources')}">All sources</a> / <strong>${source}</strong></p><div id="source" data-live data-every="2"><p class="verdict ${waits || !isOn ? '' : 'well'}">${says}</p>
<dl><dt>today</dt><dd><a href="${link('/events', { source, since: 'today' })}">${amount(today ?? 0)}</a> taken in since midnight UTC${usual && `, usually ${amount(usual.count)}`}</dd>
<dt>24 hours</dt><dd>${counted(lastDay.taken, 'request')} taken in, <a href="${link('/refused', { source, since: '24h' })}">${amount(lastDay.refused)} refused</a>${lastDay.refused > 0 && ` (${percent(lastDay.share)})`}</dd>
<dt>handlers</dt><dd>${one.handlers.length === 0 ? 'none: its events are kept' : one.handlers.map((handler) => html`<a href="${link('/handlers')}">${handler}</a> `)}</dd></dl></div>
<h2>The URL</h2><p><code id="url" class="wrap">${url ?? path}</code> <button type="button" class="needs-js" data-copy="url">Copy</button></p>
<p class="hint">${url === null ? html`Where the service is reached from outside is not set: with <code>PUBLIC_URL=https://hooks.example.com</code> the whole URL stands here.` : `What to paste at ${title}, letter for letter.`}</p>
${waits && html`<p class="hint">To try it without ${title}: <code>npm run send -- ${source}</code></p>${refreshLink(view, `/sources/${source}`)}`}
${showChecks(one)}${showLiveSecrets(one, view)}${showObserved(one)}${showAllowlist(one)}${showSetUp(one)}`;
}

function showChecks({ checks, switchOn }: SourcePage): Markup {
  if (checks.length === 0)
    return html`<h2>What is verified</h2><p>Nothing yet. ${switchOn.any} switches a check on.</p>`;
  const rows = checks.map(
    ({ scheme, isEnforced, proves }) =>
      html`<li><strong>${scheme}</strong> ${isEnforced ? badge('well', 'enforced') : badge('held', 'only observed')} proves ${proves}.</li>`,
  );
  return html`<h2>What is verified</h2><ul>${rows}</ul>`;
}

function showLiveSecrets({ source, secrets }: SourcePage, { now }: View): Markup | undefined {
  if (secrets.length === 0) return undefined;
  const rows = secrets.map(
    ({ scheme, setting, fingerprint, isCurrent, count, lastAt, mayGo }) =>
      html`<tr><th scope="row" class="mono">${fingerprint ?? '–'}</th><td data-name="of">${scheme} <span class="mono">${setting}</span></td><td data-name="is">${isCurrent ? badge('well', 'current') : mayGo ? badge('done', 'safe to retire') : badge('held', 'being retired, still in use')}</td><td class="number" data-name="used">${counted(count, 'time')}</td><td data-name="last used">${lastAt === null ? 'not yet' : timeTag(lastAt, { now })}</td></tr>`,
  );
  return html`<h2>Secrets in use</h2>${tableOf(['fingerprint', 'of', 'is', '#used', 'last used'], rows)}
<p class="hint">Secrets themselves stand in the settings alone. To change one: <code>npm run secret -- rotate ${source}</code></p>`;
}

function showObserved({ observed }: SourcePage): Markup | undefined {
  if (observed.length === 0) return undefined;
  const said = observed.map(({ scheme, looked, wouldRefuse }) => {
    const codes = Object.entries(wouldRefuse);
    const says =
      looked === 0
        ? 'no event has come since that shows its effect'
        : codes.length === 0
          ? `it would have refused none of the last ${counted(looked, 'event')}: it can be enforced`
          : `of the last ${counted(looked, 'event')} it would have refused ${codes.map(([code, count]) => `${count} (${code})`).join(', ')}`;
    return html`<li><strong>${scheme}</strong>: ${says}.</li>`;
  });
  return html`<h2>Only observed</h2><ul>${said}</ul>`;
}

function showAllowlist({ allowlist }: SourcePage): Markup | undefined {
  if (allowlist.length === 0) return undefined;
  const rows = allowlist.map(({ entry, addresses, published, ageMs, trouble }) => {
    const age = published
      ? `published at ${published.from}, as of ${published.asOf}`
      : trouble !== null
        ? trouble
        : ageMs === null
          ? ''
          : `asked ${durationText(ageMs)} ago`;
    return html`<tr><th scope="row" class="mono">${entry}</th><td class="number" data-name="addresses">${amount(addresses)}</td><td data-name="age">${trouble !== null && badge('alarm', 'trouble')} ${age}</td></tr>`;
  });
  return html`<h2>Who is let in</h2>${tableOf(['entry', '#addresses and ranges', 'age'], rows)}`;
}

function showSetUp({ title, setUp, known }: SourcePage): Markup | undefined {
  if (setUp.length === 0) return undefined;
  return html`<h2>To set it up at ${title}</h2><ol>${setUp.map((step) => html`<li>${step}</li>`)}</ol>${known && html`<p class="hint">As of ${known.asOf}, from ${known.from}.</p>`}`;
}
