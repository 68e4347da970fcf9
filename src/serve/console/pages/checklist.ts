/** The checklist: what the examination of this service has found, line by line with the fix, made when a person asks for it. */
import { hostname } from 'node:os';
import { isoOrNull } from '../../../base/times.ts';
import { counted } from '../../../base/words.ts';
import type { Finding, Verdict } from '../../check/finding.ts';
import { postForm, refreshLink } from '../forms.ts';
import { html, type Markup, prose, tableOf } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { badge, durationText, type Sign, timeTag } from '../words.ts';

interface CheckPage {
  readonly machine: string;
  readonly runningSince: string | null;
  readonly at: string | null;
  readonly tookMs: number | null;
  readonly failure: string | null;
  readonly findings: readonly Finding[];
}

export const checklistPage = definePage<CheckPage>({
  path: '/checklist',
  title: 'Checklist',
  nav: 'Checklist',
  fields: {
    machine: 'which was examined: each replica examines itself',
    runningSince: 'when the examination began that is under way, or null',
    at: 'when the last one began, or null if there was none since the service started',
    tookMs: 'how long it took',
    failure: 'why it found nothing, or null',
    findings:
      'its lines: the `verdict` (`pass`, `warn`, `fail` or `not known`), the `subject`, and what it `says`, with the fix',
  },
  async read({ checklist }: PageSource, _asked: PageRequest) {
    const { last, runningSince } = checklist;
    return {
      machine: hostname(),
      runningSince: isoOrNull(runningSince),
      at: isoOrNull(last?.at),
      tookMs: last ? last.endedAt - last.at : null,
      failure: last?.failure ?? null,
      findings: last?.findings ?? [],
    };
  },
  show: showChecklist,
});

const SIGN_OF: Readonly<Record<Verdict, Sign>> = {
  fail: 'alarm',
  warn: 'warn',
  'not known': 'unknown',
  pass: 'well',
};
const VERDICTS = Object.keys(SIGN_OF) as Verdict[];

function showChecklist(
  { machine, runningSince, at, tookMs, failure, findings }: CheckPage,
  view: View,
): Markup {
  const { now } = view;
  const button =
    runningSince === null &&
    postForm(view, { to: '/checklist', button: at === null ? 'Examine now' : 'Examine again', look: 'main' });
  const state =
    runningSince !== null
      ? html`${badge('running')} The examination is under way, since ${timeTag(runningSince, { now })}.`
      : at === null
        ? html`${badge('waiting', 'not yet')} Nothing was examined since this service started.`
        : failure !== null
          ? html`${badge('alarm', 'failed')} The examination came to nothing: <span class="said">${failure}</span>.`
          : verdictText(findings);
  return html`<div id="checklist" data-live data-every="2"><p class="verdict ${failure === null && findings.length > 0 && !findings.some(({ verdict }) => verdict === 'fail') ? 'well' : ''}">${state}${at !== null && runningSince === null && html` <small>${timeTag(at, { now })}, in ${durationText(tookMs ?? 0)}, on ${machine}</small>`}</p>
<div class="acts">${button}</div>${runningSince !== null && refreshLink(view, '/checklist')}
${VERDICTS.map((verdict) => showVerdictGroup(verdict, findings))}</div>
<p class="hint">The settings, the secrets, the inbox and the machine are looked at, and nothing is changed. <code>npm run check</code> does the same, and looks into git, at other environments’ settings and at known vulnerabilities too; its exit code is for CI.</p>`;
}

function verdictText(findings: readonly Finding[]): Markup {
  const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
  return failed === 0
    ? html`${badge('well', 'nothing fails')} ${counted(findings.length, 'line')}.`
    : html`${badge('alarm', `${failed} fail`)} Of ${counted(findings.length, 'line')}.`;
}

function showVerdictGroup(verdict: Verdict, findings: readonly Finding[]): Markup | undefined {
  const its = findings.filter((one) => one.verdict === verdict);
  if (its.length === 0) return undefined;
  const rows = its.map(
    ({ subject, says }) =>
      html`<tr><td>${badge(SIGN_OF[verdict], verdict)}</td><th scope="row">${subject}</th><td class="wrap said">${prose(says)}</td></tr>`,
  );
  return html`<h2>${verdict} <small>${its.length}</small></h2>${tableOf(['verdict', 'about', 'what was found'], rows, 'list checks')}`;
}
