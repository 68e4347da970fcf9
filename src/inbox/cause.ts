/**
 * What failed in the same way has the same cause: a handler's error without what differs each time it is thrown (numbers, ids,
 * quotes, the variable parts of URLs). Dead and retrying events are grouped by it; `events failures` lists the groups.
 *
 * The name of a cause is a digest of handler and pattern, 16 hexadecimal digits, so that it says which group is meant by itself.
 */
import { hash } from 'node:crypto';

export const CAUSE_FORM = /^[0-9a-f]{16}$/;
/** A row of `causes`; times in milliseconds since 1970. */
export interface CauseRow {
  readonly handler: string;
  readonly cause: string;
  /** One such failure in full. */
  readonly sample: string;
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many attempts have failed like that. */
  readonly seen: number;
}

/** So many are known with a sample and times; of more only the events are. */
export const CAUSES_MAX = 1_000;
/** Of those that nothing open has any more, so many of the newest stay. */
export const CAUSES_PAST_MAX = 500;
/** An error says what it is about at its beginning. */
const READ_MAX = 500;
const PATTERN_MAX = 200;
const ANY = '…';

/** One after the other. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/\b(https?:\/\/[^\s/?#"'<>]{1,200})[^\s"'<>]*/gi, `$1/${ANY}`],
  [/"[^"]*"|`[^`]*`|“[^”]*”|(?<!\w)'[^']*'(?!\w)|‘[^’]*’(?!\w)/g, ANY],
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, ANY],
  [/\b[A-Za-z0-9_-]{32,}\b/g, ANY],
];
const WITH_DIGITS = /[\w.:+-]*\d[\w.:+-]*/g;
/** What stands before a number that tells one failure from another. */
const STATUS = /\b(?:answered|status|code|exit|HTTP(?:\/[\d.]+)?)[ :=]+$/i;

export function patternOf(error: string): string {
  let pattern = error.slice(0, READ_MAX);
  for (const [variable, rest] of VARIABLE) pattern = pattern.replace(variable, rest);
  pattern = pattern.replace(WITH_DIGITS, (word, at: number, text: string) => {
    const isStatus = /^\d{1,3}$/.test(word) && STATUS.test(text.slice(Math.max(0, at - 20), at));
    return isStatus ? word : ANY;
  });
  return pattern
    .replace(/\s+/g, ' ')
    .replace(/…(?:[ ,;:/.|_-]*…)+/g, ANY)
    .trim()
    .slice(0, PATTERN_MAX);
}

/** `place`: file and line of the handler's own code where it was thrown. Two mistakes of the same words are two causes. */
export function causeOf(handler: string, error: string, place = ''): string {
  return hash('sha256', `${handler}\n${patternOf(error)}\n${place}`).slice(0, 16);
}
