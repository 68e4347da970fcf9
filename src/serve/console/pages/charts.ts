/** Charts of some hours, a day, a week or a month, of all sources or of one: made of tallies, which all replicas share. */
import type { Charted, Percentiles } from '../../../inbox/charted.ts';
import { REFUSALS, type RefusalCode } from '../../../verify/refusals.ts';
import { outcomeOfRefusal } from '../../meter.ts';
import { barChart, type Chart, lineChart, type Series } from '../charts.ts';
import { html, type Markup } from '../html.ts';
import { definePage, type PageRequest, type PageSource, type View } from '../page.ts';
import { timeTakenText } from '../words.ts';

/** `minutes`: of one bar. A day of minutes would be many rows to read, for everybody who looks. */
const SPANS = {
  '3h': { words: '3 hours', step: 1, minutes: 2, stretches: 90, bar: '2 minutes' },
  '24h': { words: '24 hours', step: 60, minutes: 60, stretches: 24, bar: 'the hour' },
  '7d': { words: '7 days', step: 60, minutes: 120, stretches: 84, bar: '2 hours' },
  '30d': { words: '30 days', step: 60, minutes: 480, stretches: 90, bar: '8 hours' },
} as const;
type Span = keyof typeof SPANS;

interface Charts extends Charted {
  readonly span: Span;
  readonly source: string | null;
  readonly sources: readonly string[];
}

const LOOKS: readonly Series['look'][] = ['main', 'third', 'second', 'warn', 'bad'];
/** More sources than looks are one. */
const SHOWN_SOURCES = LOOKS.length - 1;

export const chartsPage = definePage<Charts>({
  path: '/charts',
  title: 'Charts',
  nav: 'Charts',
  fields: {
    span: '`3h`, `24h`, `7d` or `30d`; each list below has one number for each stretch of it',
    source: 'whose alone it is, or null',
    sources: 'those that there are',
    times: 'when each stretch begins',
    requests: 'how requests ended, by outcome, or by the code with which they were refused or failed',
    events: 'what was accepted or held, by source',
    attempts: 'how attempts went, by outcome',
    answers:
      'how long answers took: `p50`, `p95`, `p99` as upper bounds in ms, 10000 for over 5 s, null where there was none',
    handlers: 'the same of attempts',
    backlog: 'how many deliveries waited, on average; null where nobody looked',
  },
  read: readCharts,
  show: showCharts,
});

async function readCharts({ reading, config }: PageSource, { query, now }: PageRequest): Promise<Charts> {
  const span = (Object.keys(SPANS) as Span[]).find((name) => name === query.get('span')) ?? '24h';
  const sources = config().sources.map(({ name }) => name);
  const source = sources.find((name) => name === query.get('source'));
  const { step, minutes, stretches } = SPANS[span];
  const wish = { step, minutes, stretches, now, ...(source !== undefined && { source }) };
  return { span, source: source ?? null, sources, ...(await reading.ask('charted', wish)) };
}

function showCharts(charts: Charts, { link }: View): Markup {
  const { span, source, sources } = charts;
  const spans = Object.entries(SPANS).map(
    ([name, { words }]) =>
      html`<a href="${link('/charts', { span: name, source })}"${name === span && html` aria-current="true"`}>${words}</a>`,
  );
  return html`<div class="tabs">${spans}</div>
<form class="filters" method="get" action="${link('/charts')}"><input type="hidden" name="span" value="${span}">
<label>Source <select name="source"><option value="">all</option>${sources.map((name) => html`<option${name === source && html` selected`}>${name}</option>`)}</select></label><button>Show</button></form>
<div id="charts" data-live>${chartRows(charts).map(({ chart, isLines }) => (isLines ? lineChart(chart) : barChart(chart)))}</div>
<p class="hint">Made of counts that all replicas share, told to the inbox every five seconds: when a process is killed, the last seconds of its counts are lost, and no event. Times are upper bounds: 1, 2.5, 5, 10, 25, 50, 100, 250, 500 ms, 1, 2.5, 5 s.</p>`;
}

function chartRows(charts: Charts): readonly { readonly chart: Chart; readonly isLines?: boolean }[] {
  const { times: from, answers, handlers, backlog, span } = charts;
  const about = { times: from.map((time) => Date.parse(time)), step: SPANS[span].bar };
  return [
    { chart: { ...about, title: 'Requests by outcome', series: outcomeSeries(charts) } },
    { chart: { ...about, title: 'Events by source', series: sourceSeries(charts) } },
    {
      chart: { ...about, title: 'Time to answer', series: percentileSeries(answers), say: timeTakenText },
      isLines: true,
    },
    { chart: { ...about, title: 'Attempts by outcome', series: attemptSeries(charts) } },
    {
      chart: { ...about, title: 'Time of handlers', series: percentileSeries(handlers), say: timeTakenText },
      isLines: true,
    },
    {
      chart: {
        ...about,
        title: 'Deliveries waiting',
        series: [{ name: 'waiting', look: 'main', values: pointsOf(backlog) }],
      },
      isLines: true,
    },
  ];
}

function outcomeSeries({ requests, times }: Charts): Series[] {
  const codes = Object.keys(requests).filter((name): name is RefusalCode => name in REFUSALS);
  const of = (names: readonly string[]) =>
    sumOfSeries(
      names.map((name) => requests[name] ?? []),
      times.length,
    );
  return [
    { name: 'accepted', look: 'main', values: of(['accepted']) },
    { name: 'duplicates', look: 'second', values: of(['duplicate']) },
    { name: 'held', look: 'warn', values: of(['held']) },
    {
      name: 'refused',
      look: 'bad',
      values: of(codes.filter((code) => outcomeOfRefusal(code) === 'refused')),
    },
    {
      name: 'failed by us',
      look: 'third',
      values: of(codes.filter((code) => outcomeOfRefusal(code) === 'failed')),
    },
  ];
}

function sourceSeries({ events, times }: Charts): Series[] {
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  const most = Object.entries(events).toSorted(([, one], [, other]) => sum(other) - sum(one));
  const shown = most
    .slice(0, SHOWN_SOURCES)
    .map(([name, values], at) => ({ name, look: LOOKS[at] ?? 'main', values }));
  const rest = most.slice(SHOWN_SOURCES).map(([, values]) => values);
  if (rest.length === 0) return shown;
  return [...shown, { name: `${rest.length} others`, look: 'bad', values: sumOfSeries(rest, times.length) }];
}

function attemptSeries({ attempts, times }: Charts): Series[] {
  const of = (name: string) => attempts[name] ?? times.map(() => 0);
  return [
    { name: 'done', look: 'main', values: of('done') },
    { name: 'later', look: 'second', values: of('later') },
    { name: 'discarded', look: 'third', values: of('discarded') },
    { name: 'retry', look: 'warn', values: of('retry') },
    { name: 'dead', look: 'bad', values: of('dead') },
  ];
}

function percentileSeries({ p50, p95, p99 }: Percentiles): Series[] {
  return [
    { name: 'half within', look: 'main', values: pointsOf(p50) },
    { name: '95 of 100 within', look: 'second', values: pointsOf(p95) },
    { name: '99 of 100 within', look: 'warn', values: pointsOf(p99) },
  ];
}

function pointsOf(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? Number.NaN);
}

function sumOfSeries(lists: readonly (readonly number[])[], length: number): number[] {
  return Array.from({ length }, (_, at) => lists.reduce((sum, list) => sum + (list[at] ?? 0), 0));
}
