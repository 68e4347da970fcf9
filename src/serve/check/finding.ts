/**
 * One line of `check`: its verdict, what it is about, and a sentence that says what was found, with the fix if one is due. What could
 * not be looked at, or of which nothing has come yet, is `not known`, and never passes.
 */
import type { Problem } from '../../base/errors.ts';

export type Verdict = 'pass' | 'warn' | 'fail' | 'not known';

export interface Finding {
  readonly verdict: Verdict;
  readonly subject: string;
  readonly says: string;
}

export const [pass, warn, fail, notKnown] = [
  findingOf('pass'),
  findingOf('warn'),
  findingOf('fail'),
  findingOf('not known'),
];

export function findingOf(verdict: Verdict) {
  return (subject: string, says: string): Finding => ({ verdict, subject, says });
}

export function ofProblem(verdict: Verdict, { setting, wrong, fix }: Problem): Finding {
  return { verdict, subject: setting, says: `${wrong}. ${fix}` };
}
