/** The forms by which a page has something done: a POST that works without JavaScript. Who may only look sees none. */
import { type HtmlValue, html, type Markup, NO_MARKUP } from './html.ts';
import type { LinkParameters } from './links.ts';
import type { View } from './page.ts';

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
