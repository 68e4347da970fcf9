/** How numbers and times are said in sentences for people: commands, the checklist, pages. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function ago(at: number, now: number): string {
  return now - at < MINUTE_MS ? 'just now' : `${spanText(now - at)} ago`;
}

/** `3 minutes`, `1 hour`, `2 days`: what is over of it, of a minute at least. */
export function spanText(ms: number): string {
  if (ms < HOUR_MS) return counted(Math.floor(ms / MINUTE_MS), 'minute');
  if (ms < DAY_MS) return counted(Math.floor(ms / HOUR_MS), 'hour');
  return counted(Math.floor(ms / DAY_MS), 'day');
}

/** `1 day`, `2 days`, `1,000 days` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** The same for a sentence: `one day`, `2 days`, `1,000 days` */
export function spelled(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : counted(count, noun, plural);
}
