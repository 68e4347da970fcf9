/** How pages say numbers, times and states, all of them in one way. */
import { ago, DAY_MS, HOUR_MS, iso, MINUTE_MS, shortTime, spanText } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { StateName } from '../../inbox/event-states.ts';
import { OVER_TIMES_MS, TIMES_SECONDS } from '../../inbox/tallies.ts';
import { html, type Markup } from './html.ts';

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3) - 1);
  return `${(bytes / 1_000 ** (step + 1)).toFixed(1)} ${units[step]}`;
}

/** How long it took, or lasts: `3 ms`, `1.2 s`, `5 min`, `3 h`, `2 days`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1).replace('.0', '')} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1_000)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} days`;
}

/** How long an answer or a handler took, as tallies tell it: by the upper bounds of their steps. */
export function timeTakenText(ms: number): string {
  return ms >= OVER_TIMES_MS ? `over ${durationText((TIMES_SECONDS.at(-1) ?? 0) * 1_000)}` : durationText(ms);
}

/** `3 minutes ago`, or `in 2 hours`. */
export function agoText(at: number, now: number): string {
  if (at <= now) return ago(at, now);
  return at - now < MINUTE_MS ? 'in a moment' : `in ${spanText(at - now)}`;
}

/** In UTC; console.js makes it the local time, with UTC in its title. `ago`: in words, from now. */
export function timeTag(time: string | number, ago?: { readonly now: number }): Markup {
  const at = typeof time === 'number' ? time : Date.parse(time);
  const exact = iso(at);
  const utc = shortTime(at);
  return ago
    ? html`<time datetime="${exact}" title="${utc}" data-ago>${agoText(at, ago.now)}</time>`
    : html`<time datetime="${exact}">${utc}</time>`;
}

/** Signs beside the words, so that no state is told by its colour alone. */
const SIGNS = {
  done: '✓',
  pending: '…',
  handling: '▸',
  dead: '✕',
  held: '‖',
  discarded: '–',
  retry: '↻',
  later: '…',
  well: '✓',
  alarm: '!',
  paused: '‖',
  resting: '☾',
  running: '▸',
  cancelled: '–',
  waiting: '…',
  refused: '✕',
  warn: '!',
  unknown: '?',
} as const satisfies Record<StateName, string> & Record<string, string>;

export type Sign = keyof typeof SIGNS;

/** A state as a badge, with a sign and a word. `words` in place of its own name. */
export function badge(state: Sign, words: string = state): Markup {
  return html`<span class="badge ${state}"><span aria-hidden="true">${SIGNS[state]}</span> ${words}</span>`;
}

/** When a source was heard last. */
export function showSeen(
  { isOn, lastAt }: { readonly isOn: boolean; readonly lastAt: string | null },
  now: number,
): Markup {
  if (!isOn) return badge('discarded', 'off');
  return lastAt === null ? badge('waiting', 'waiting for the first event') : timeTag(lastAt, { now });
}
