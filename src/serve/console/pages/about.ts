/** About: what runs here, for how long it keeps what, and a text for a report. */
import { hostname, release } from 'node:os';
import { VERSION } from '../../../base/version.ts';
import { amount, counted } from '../../../base/words.ts';
import { driverOf } from '../../../inbox/driver.ts';
import type { Config } from '../../config/config.ts';
import type { ServiceStatus } from '../../status.ts';
import { html, type Markup, tableOf } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { bytesText, timeTag } from '../words.ts';

const MIB = 1_048_576;

interface AboutFacts {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly machine: string;
  readonly startedAt: string | null;
  readonly role: string | null;
  readonly inbox: string | null;
  readonly place: string | null;
  readonly isShared: boolean;
  readonly disk: ServiceStatus['disk'];
  readonly replicas: readonly { readonly name: string; readonly heartbeats: number }[] | null;
  readonly retentionDays: number;
  readonly identityDays: number;
  readonly refusedDays: number;
  readonly report: string;
}

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

async function readAbout({ status, reading, config }: PageSource, _asked: PageRequest): Promise<AboutFacts> {
  const [told, replicas] = await Promise.all([status(), reading.ask('replicas').catch(() => undefined)]);
  const settings = config();
  const { knobs, database, retentionDays } = settings;
  const { isShared } = driverOf(database);
  const facts = {
    version: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}, ${release()}`,
    isShared,
    replicas: replicas?.map(({ name, beat }) => ({ name, heartbeats: beat })) ?? null,
  };
  return {
    ...facts,
    machine: hostname(),
    startedAt: told.service?.startedAt ?? null,
    role: told.service?.role ?? null,
    inbox: told.inbox,
    place: told.service?.place ?? null,
    disk: told.disk,
    retentionDays,
    identityDays: knobs.identityDays,
    refusedDays: knobs.refused.days,
    report: reportOf(facts, told, settings),
  };
}

function reportOf(
  {
    version,
    node,
    platform,
    isShared,
    replicas,
  }: Pick<AboutFacts, 'version' | 'node' | 'platform' | 'isShared' | 'replicas'>,
  { service, alarms, handlers, unknown }: ServiceStatus,
  { sources, retentionDays, production, knobs }: Config,
): string {
  const said = sources.map(({ name, preset, schemes, observed, routes }) => {
    const checks = schemes.map((scheme) => (observed.includes(scheme) ? `${scheme} (observed)` : scheme));
    const preseted = preset.name === name ? '' : ` of ${preset.name}`;
    return `  ${name}${preseted}: ${checks.join(', ') || 'off'}; ${counted(routes.length, 'handler')}`;
  });
  const waiting = handlers
    ? `${handlers.pending} pending, ${handlers.handling} handling, ${handlers.dead} dead, ${handlers.held} held`
    : 'not known';
  return [
    `Consignee ${version}, Node ${node}, ${platform}`,
    `role ${service?.role ?? 'not known'}, ${production ? 'production' : 'development'}, started ${service?.startedAt ?? '–'}`,
    `inbox ${isShared ? `in PostgreSQL, ${replicas?.length ?? '?'} replicas` : 'in SQLite'}, ${retentionDays} days of events, ${knobs.identityDays} days of keys`,
    `deliveries: ${waiting}; resting ${handlers?.resting?.length ?? '?'}, paused ${handlers?.paused?.length ?? '?'}`,
    `alarms: ${alarms?.map(({ kind }) => kind).join(', ') || 'none'}`,
    ...(unknown.length > 0 ? [`not known: ${unknown.map(({ what }) => what).join(', ')}`] : []),
    'sources:',
    ...said,
  ].join('\n');
}

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
${replicas !== null && html`<h2>Replicas</h2>${tableOf(['replica', '#heartbeats'], rows, 'list narrow')}<p class="hint">One whose heartbeat stands still is taken out of the list by the others, which take over its work.</p>`}</div>
<h2>For a report</h2><pre id="report" tabindex="0">${about.report}</pre><p><button type="button" class="needs-js" data-copy="report">Copy</button> <span class="hint">No secret and no name of a machine is in it.</span></p>`;
}
