/** How numbers and sentences are written for people: commands, the checklist, alarms, pages. */

/** `12,431` */
export function amount(count: number): string {
  return count.toLocaleString('en');
}

/** `1 day`, `2 days`, `1,000 days` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${amount(count)} ${count === 1 ? noun : plural}`;
}

/** The same for a sentence: `one day`, `2 days`, `1,000 days` */
export function spelled(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : counted(count, noun, plural);
}

/** With a capital at its beginning. */
export function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
