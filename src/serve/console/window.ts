/** The stretch of time that a page is about, as `since` of its URL says it. */
import { readPastTime } from '../../base/times.ts';
import { html, type Markup } from './html.ts';
import { PageError, type View } from './page.ts';

/** Milliseconds since 1970; undefined if nothing is asked. Throws PageError if it is no time. */
export function sinceIn(query: URLSearchParams, now: number): number | undefined {
  const text = query.get('since')?.trim() ?? '';
  if (text === '') return undefined;
  const read = readPastTime(text, now);
  if ('value' in read) return read.value;
  throw new PageError(400, `since ${read.wrong}. ${read.fix}`);
}

/** A list to choose from, of a form that filters; the value of the URL stays in it, even if nothing has it now. */
export function showChoice(
  { query }: View,
  name: string,
  label: string,
  values: readonly (string | readonly [value: string, words: string])[],
): Markup {
  const current = query.get(name) ?? '';
  const pairs = values.map((value) => (typeof value === 'string' ? ([value, value] as const) : value));
  const all =
    current === '' || pairs.some(([value]) => value === current)
      ? pairs
      : [...pairs, [current, current] as const];
  return html`<label>${label} <select name="${name}"><option value="">any</option>${all.map(([value, words]) => html`<option value="${value}"${value === current && html` selected`}>${words}</option>`)}</select></label>`;
}

export const WINDOWS = [
  ['1h', '1 hour'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const;
