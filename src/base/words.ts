/** How numbers and times are said in sentences for people: commands, the checklist, pages. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function ago(at: number, now: number): string {
  const past = now - at;
  if (past < MINUTE_MS) return 'just now';
  if (past < HOUR_MS) return `${counted(Math.floor(past / MINUTE_MS), 'minute')} ago`;
  if (past < DAY_MS) return `${counted(Math.floor(past / HOUR_MS), 'hour')} ago`;
  return `${counted(Math.floor(past / DAY_MS), 'day')} ago`;
}

/** `1 day`, `2 days`, `1,000 days` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** The same for a sentence: `one day`, `2 days`, `1,000 days` */
export function spelled(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : counted(count, noun, plural);
}
