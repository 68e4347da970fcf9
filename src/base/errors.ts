/**
 * Errors with an owner, so that each is answered in one place.
 *
 *  ConfigError          the operator's; at boot, all problems together, exit 78     owner: ops
 *  Rejection            the sender's; a row of verify/refusals.ts is the answer     owner: serve/http
 *  Discard, RetryLater, Declined, Unavailable (deliver/handler.ts)
 *                       a handler's word on its own attempt                         owner: deliver/dispatch
 *  anything else        ours; in a request it is a 503, so the provider keeps the event
 */

/** One thing wrong with the configuration: what is wrong, and the fix. Never the value of a variable, nor any secret. */
export interface Problem {
  /** The variable, or the file in config/. */
  readonly setting: string;
  /** Goes on from `setting`, as in `is not a whole number`. */
  readonly wrong: string;
  /** What to do about it: a whole sentence, or several. */
  readonly fix: string;
}

/** The settings or the wiring cannot be used, or the inbox that they name: `start` and `reload` reject with it. */
export class ConfigError extends Error {
  /** All that was found wrong, at least one. `message` has each as a sentence, with its fix. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${sentenceOf(problem)}. ${problem.fix}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** As in "PORT is not a whole number" and "config/service.ts: backoff.baseMs is 0". */
export function sentenceOf({ setting, wrong }: Pick<Problem, 'setting' | 'wrong'>): string {
  return `${setting}${setting.endsWith('.ts') ? ':' : ''} ${wrong}`;
}

/** Puts into words whatever was thrown. Handlers may throw anything, even things that have no text. */
export function wordsOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return 'something that cannot be turned into text';
  }
}
