/** Alarms: what is raised now with what to do, what was within thirty days, and where people are told of it. */
import { iso } from '../../../base/times.ts';
import { counted } from '../../../base/words.ts';
import type { AlarmRecord } from '../../../inbox/kept-alarms.ts';
import type { StatusAlarm } from '../../status.ts';
import { html, type Markup, prose, sentence, tableOf } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { badge, durationText, timeTag } from '../words.ts';

const SHOWN = 200;

interface AlarmList {
  readonly raised: readonly StatusAlarm[] | null;
  readonly over: readonly (Omit<StatusAlarm, 'fix'> & { readonly overAt: string })[];
  readonly sentTo: string | null;
  readonly repeatMs: number | null;
}

export const alarmsPage = definePage<AlarmList>({
  path: '/alarms',
  title: 'Alarms',
  nav: 'Alarms',
  fields: {
    raised:
      'what is wrong now, worst first: `kind`, `subject` (a source, a handler or nothing), what it `says`, the `fix`, and `since`; null if that is not known',
    over: 'what was raised within 30 days and is over, the newest first, 200 at most: `kind`, `subject`, `says`, `since`, `overAt`',
    sentTo: 'the host that ALARM_URL names; null: alarms stand in the log alone',
    repeatMs: 'after so long an alarm that stays is told again; null: never',
  },
  read: readAlarms,
  show: showAlarms,
});

async function readAlarms({ status, reading, config }: PageSource, _asked: PageRequest): Promise<AlarmList> {
  const [{ alarms }, kept] = await Promise.all([status(), reading.ask('alarms', SHOWN)]);
  const { alarmTarget, knobs } = config();
  const { repeatMs } = knobs.alarms;
  return {
    raised: alarms,
    over: kept.flatMap(overAlarm),
    // There may be a secret in the rest of it.
    sentTo: alarmTarget ? new URL(alarmTarget.url).host : null,
    repeatMs: Number.isFinite(repeatMs) ? repeatMs : null,
  };
}

function overAlarm({ kind, subject, says, since, overAt }: AlarmRecord): AlarmList['over'] {
  if (overAt === null) return [];
  return [
    { kind, subject, says: says.replace(/^over after [^:]*: /, ''), since: iso(since), overAt: iso(overAt) },
  ];
}

function showAlarms({ raised, over, sentTo, repeatMs }: AlarmList, { link, now }: View): Markup {
  const current = (raised ?? []).map(
    ({
      kind,
      subject,
      says,
      fix,
      since,
    }) => html`<section class="group ill" aria-label="${kind} ${subject}"><h2>${badge('alarm', kind)} ${subject} <small>since ${timeTag(since)} (${timeTag(since, { now })})</small></h2>
<p class="said"><strong>${sentence(says)}</strong></p><p class="said">To do: ${prose(fix)}</p></section>`,
  );
  const past = over.map(
    ({ kind, subject, says, since, overAt }) =>
      html`<tr><th scope="row">${timeTag(since)}</th><td data-name="lasted">${durationText(Math.max(0, Date.parse(overAt) - Date.parse(since)))}</td><td data-name="kind">${kind} ${subject}</td><td class="wrap said" data-name="said">${sentence(says)}</td></tr>`,
  );
  return html`<div id="alarms" data-live><p class="verdict ${raised?.length === 0 ? 'well' : 'ill'}">${raised === null ? 'Nobody knows whether an alarm is raised.' : raised.length === 0 ? html`${badge('well', 'none')} No alarm is raised.` : html`${badge('alarm', 'raised')} ${counted(raised.length, 'alarm')}.`}</p>
${current}
<h2>Over, within 30 days</h2>
${past.length === 0 ? html`<p class="hint">None. An alarm is over when its cause has stayed away for a while; then it stands here.</p>` : tableOf(['since', 'lasted', 'kind', 'what it said'], past)}</div>
<h2>Where they are told</h2>
<p>In the log, ${sentTo === null ? html`and nowhere else: set <code>ALARM_URL</code> and <code>ALARM_SECRET</code> to be told, as docs/alarms.md says.` : html`and at <strong>${sentTo}</strong>, signed.`} ${repeatMs === null ? 'An alarm that stays is told once.' : `An alarm that stays is told again after ${durationText(repeatMs)}.`} Alarms about the inbox itself, which could not keep them, are not among those that are over. <a href="${link('/checklist')}">The checklist</a> looks at more than alarms do.</p>`;
}
