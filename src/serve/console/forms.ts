/**
 * Forms of pages: those by which something is done, a POST that works without JavaScript, of which who may only look sees none; and
 * below, what a form that filters lets choose, the stretch of time for one.
 */
import { readPastTime } from '../../base/times.ts';
import { type HtmlValue, html, type Markup, NO_MARKUP } from './html.ts';
import type { LinkParameters } from './links.ts';
import { PageError, type View } from './page.ts';

interface PostForm {
  /** A path of the console. */
  readonly to: string;
  /** Beside the inbox, which every write names. */
  readonly fields?: Readonly<Record<string, string | number>>;
  readonly button: string;
  readonly look?: 'main' | 'danger';
  /** What stands before the button. */
  readonly before?: HtmlValue;
}

export function postForm({ link, inbox, may }: View, { to, fields = {}, button, look, before }: PostForm) {
  if (may !== 'act') return NO_MARKUP;
  const hidden = Object.entries({ inbox, ...fields }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form class="inline" method="post" action="${link(to)}">${hidden}${before}<button class="${look ?? ''}">${button}</button></form>`;
}

/** For a browser without JavaScript, of what changes by itself: the same page, which asks again every two seconds. */
export function refreshLink({ link }: View, path: string, query: LinkParameters = {}): Markup {
  return html`<p class="hint no-js"><a href="${link(path, { ...query, refresh: 2 })}">Look again every 2 seconds</a></p>`;
}

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
