/**
 * HTML, written as a template: html`<p class="${name}">${text}</p>`. Every value is escaped, wherever it stands, unless it is
 * Markup itself. So an attribute must have its quotes, and no value may stand where a name of a tag or an attribute belongs, or in a
 * script or a style: the pages have neither. Characters that a screen obeys instead of showing are shown (base/log/visible.ts).
 */
import { visibleLines } from '../../base/log/visible.ts';
import { capitalized } from '../../base/words.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Nothing is written of what is undefined, null or false. */
export type HtmlValue = Markup | string | number | bigint | null | undefined | false | readonly HtmlValue[];

export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  let text = strings[0] ?? '';
  for (const [at, value] of values.entries()) text += textOfValue(value) + strings[at + 1];
  return new Markup(text);
}

export const NO_MARKUP = new Markup('');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOfValue(value: HtmlValue): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(textOfValue).join('');
  if (value === null || value === undefined || value === false) return '';
  return visibleLines(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** A table with a head: `#` before its words makes a column one of numbers. What is false is no column. */
export function tableOf(heads: readonly (Markup | string | false)[], rows: HtmlValue, look = 'list'): Markup {
  const cells = heads.map((head) => {
    if (head === false || head instanceof Markup) return head && html`<th scope="col">${head}</th>`;
    return head.startsWith('#')
      ? html`<th scope="col" class="number">${head.slice(1)}</th>`
      : html`<th scope="col">${head}</th>`;
  });
  return html`<table class="${look}"><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** A sentence that is written for a terminal too: what stands between backticks is code. */
export function prose(text: string): Markup {
  const parts = text.split(/`([^`]+)`/);
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** With a capital, and a full stop unless there is one. */
export function sentence(text: string): Markup {
  const whole = capitalized(text);
  return prose(/[.?!…]$/.test(whole) ? whole : `${whole}.`);
}
