/** About: what runs here, for how long it keeps what, and a text for a report. */
import { amount, counted } from '../../../base/words.ts';
import { type AboutFacts, readAbout } from '../about-facts.ts';
import { html, type Markup } from '../html.ts';
import { definePage, type View } from '../page.ts';
import { bytesText, timeTag } from '../words.ts';

const MIB = 1_048_576;

export const aboutPage = definePage<AboutFacts>({
  path: '/about',
  title: 'About',
  nav: 'About',
  fields: {
    version: 'of Consignee',
    node: 'the version of Node',
    platform: 'the system',
    machine: 'the name of the machine that answers',
    startedAt: 'when its service started',
    role: '`both`, `receive` or `dispatch`',
    inbox: 'the name of the inbox',
    place: 'where it is: a file, or a server and a database',
    isShared: 'whether replicas share it',
    disk: 'as in `GET /status`',
    replicas:
      'which are at work: `name`, and how many `heartbeats` each has written; null where one process owns the inbox',
    retentionDays: 'so long events stay that are done',
    identityDays: 'so long duplicates are known',
    refusedDays: 'so long refused requests stay',
    report: 'a text for a report, without names of machines and without secrets',
  },
  read: readAbout,
  show: showAbout,
});

function showAbout(about: AboutFacts, { now }: View): Markup {
  const { version, node, platform, machine, startedAt, role, inbox, place, disk, replicas } = about;
  const rows = (replicas ?? []).map(
    ({ name, heartbeats }) =>
      html`<tr><th scope="row" class="wrap">${name}</th><td class="number" data-name="heartbeats">${amount(heartbeats)}</td></tr>`,
  );
  return html`<div id="about" data-live><dl><dt>version</dt><dd>${version}, on Node ${node}, ${platform}</dd><dt>machine</dt><dd>${machine}${startedAt !== null && html`, started ${timeTag(startedAt, { now })}`}${role !== null && `, role ${role}`}</dd>
<dt>inbox</dt><dd><span class="mono">${place ?? 'not known'}</span>${inbox !== null && ` (${inbox})`}</dd>
<dt>disk</dt><dd>${disk === null ? 'not known' : `${bytesText(disk.freeMb * MIB)} free${disk.isReadOnly ? ', and it takes no writes' : ''}`}</dd>
<dt>kept</dt><dd>events that are done ${counted(about.retentionDays, 'day')}, the keys by which duplicates are known ${counted(about.identityDays, 'day')}, refused requests ${counted(about.refusedDays, 'day')}; what is dead or held until a person decides. Counts stay 400 days, and the last five seconds of them are lost when a process is killed; events never are.</dd></dl>
${replicas !== null && html`<h2>Replicas</h2><table class="list narrow"><thead><tr><th scope="col">replica</th><th scope="col" class="number">heartbeats</th></tr></thead><tbody>${rows}</tbody></table><p class="hint">One whose heartbeat stands still is taken out of the list by the others, which take over its work.</p>`}</div>
<h2>For a report</h2><pre id="report" tabindex="0">${about.report}</pre><p><button type="button" class="needs-js" data-copy="report">Copy</button> <span class="hint">No secret and no name of a machine is in it.</span></p>`;
}
