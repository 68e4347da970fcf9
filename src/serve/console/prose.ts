/** Sentences that are written for a terminal too, on a page: what stands between backticks is code. */
import { capitalized } from '../../base/words.ts';
import { html, type Markup } from './html.ts';

export function prose(text: string): Markup {
  const parts = text.split(/`([^`]+)`/);
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** With a capital, and a full stop unless there is one. */
export function sentence(text: string): Markup {
  const whole = capitalized(text);
  return prose(/[.?!…]$/.test(whole) ? whole : `${whole}.`);
}
