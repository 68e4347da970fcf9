/**
 * Charts as SVG, made of numbers by steps of time, without scripts and styles of their own: console.css gives the colours by class.
 * Each has a table with the same numbers, for who does not see it, and for copying.
 */
import { DAY_MS, iso } from '../../base/times.ts';
import { amount } from '../../base/words.ts';
import { html, type Markup } from './html.ts';

export interface Series {
  readonly name: string;
  /** Of the class `s-…`, which has a colour and a pattern of its own. */
  readonly look: 'main' | 'second' | 'third' | 'bad' | 'warn';
  /** One for each step. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** When each step begins, in milliseconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** How a number is said; with separators if left out. */
  readonly say?: (value: number) => string;
  /** What a step is, as in `5 minutes`. */
  readonly step: string;
}

const WIDTH = 720;
const HEIGHT = 160;
const SPARK = { width: 120, height: 24 } as const;
/** Each stands below the first bar of its part: the bars are a multiple of it, or the last one is short. */
const LABELS = [7, 6];

/** Bars, one on the other. */
export function barChart(chart: Chart): Markup {
  const { times, series } = chart;
  const sums = times.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const top = niceTop(Math.max(...sums, 0));
  const width = WIDTH / Math.max(1, times.length);
  const bars = times.map((_, at) => {
    let y = HEIGHT;
    return series.map(({ look, values }) => {
      const height = ((values[at] ?? 0) / top) * HEIGHT;
      y -= height;
      if (height === 0) return null;
      const [x, gap] = [at * width, Math.min(1, width / 5)];
      return html`<rect class="s-${look}" x="${round(x)}" y="${round(y)}" width="${round(width - gap)}" height="${round(height)}"></rect>`;
    });
  });
  return framed(chart, top, bars.flat());
}

/** One line for each series; NaN where nothing is known. */
export function lineChart(chart: Chart): Markup {
  const { times, series } = chart;
  const known = series.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value)));
  const top = niceTop(Math.max(...known, 0));
  const width = WIDTH / Math.max(1, times.length);
  const lines = series.map(({ look, values }) => {
    let pen = 'M';
    const path = values.map((value, at) => {
      if (Number.isNaN(value)) {
        pen = 'M';
        return '';
      }
      const [x, y] = [round(at * width), round(HEIGHT - (value / top) * HEIGHT)];
      // A point alone would not be seen.
      const step = `${pen}${x} ${y}h${round(width)}`;
      pen = 'L';
      return step;
    });
    return html`<path class="l-${look}" d="${path.join('')}" fill="none"></path>`;
  });
  return framed(chart, top, lines);
}

/** A line's height: what happened within a stretch of time, for a row of a table. `label` says it in words. */
export function sparkline(values: readonly number[], label: string): Markup {
  const top = Math.max(...values, 1);
  const width = SPARK.width / Math.max(1, values.length);
  const bars = values.map((value, at) => {
    if (value === 0) return null;
    const height = Math.max(1, (value / top) * SPARK.height);
    return html`<rect class="s-main" x="${round(at * width)}" y="${round(SPARK.height - height)}" width="${round(Math.max(0.5, width - 0.5))}" height="${round(height)}"></rect>`;
  });
  return html`<svg class="spark" role="img" aria-label="${label}" width="${SPARK.width}" height="${SPARK.height}" viewBox="0 0 ${SPARK.width} ${SPARK.height}"><line class="axis" x1="0" y1="${SPARK.height}" x2="${SPARK.width}" y2="${SPARK.height}"></line>${bars}</svg>`;
}

function framed(
  { title, times, series, step, say = amount }: Chart,
  top: number,
  marks: readonly (Markup | null)[],
) {
  const isDays = (times.at(-1) ?? 0) - (times[0] ?? 0) >= 2 * DAY_MS;
  const parts = LABELS.find((count) => times.length % count === 0) ?? LABELS[0] ?? 1;
  const every = Math.max(1, Math.ceil(times.length / parts));
  const labels = times.filter((_, at) => at % every === 0);
  const shown = series.filter(({ values }) => values.some((value) => value > 0));
  return html`<figure class="chart">
<figcaption>${title}<span class="legend">${series.map(({ name, look }) => html`<span class="key k-${look}">${name}</span>`)}</span></figcaption>
<div class="plot"><span class="top">${say(top)}</span>
<svg role="img" aria-label="${title}: the numbers are in the table below" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><line class="axis" x1="0" y1="0" x2="${WIDTH}" y2="0"></line><line class="axis" x1="0" y1="${HEIGHT / 2}" x2="${WIDTH}" y2="${HEIGHT / 2}"></line><line class="axis" x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}"></line>${marks}</svg>
<div class="times">${labels.map((at) => html`<span>${shortTimeTag(at, isDays)}</span>`)}</div></div>
<details><summary>The numbers, by ${step}</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table"><table><thead><tr><th scope="col">from (UTC)</th>${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${times.map((at, row) => (shown.length === 0 || shown.some(({ values }) => (values[row] ?? 0) > 0)) && html`<tr><th scope="row">${iso(at).slice(0, 16).replace('T', ' ')}</th>${series.map(({ values }) => html`<td class="number">${sayKnown(values[row] ?? 0, say)}</td>`)}</tr>`)}</tbody></table></div></details>
</figure>`;
}

function sayKnown(value: number, say: (value: number) => string): string {
  return Number.isNaN(value) ? '–' : say(value);
}

function shortTimeTag(at: number, isDays: boolean): Markup {
  const exact = iso(at);
  const text = isDays ? exact.slice(5, 10) : exact.slice(11, 16);
  return html`<time datetime="${exact}" data-short="${isDays ? 'day' : 'clock'}">${text}</time>`;
}

/** The next number with one digit that is not 0, or half of one with two. */
function niceTop(most: number): number {
  if (most <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return unit * ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= most) ?? 10);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
