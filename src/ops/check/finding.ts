/** One line of `check`: its verdict, what it is about, and a sentence that says what was found, with the fix if one is due. */
import type { Problem } from '../../base/errors.ts';

export interface Finding {
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly subject: string;
  readonly says: string;
}

export const [pass, warn, fail] = [findingOf('pass'), findingOf('warn'), findingOf('fail')];

function findingOf(verdict: Finding['verdict']) {
  return (subject: string, says: string): Finding => ({ verdict, subject, says });
}

export function ofProblem(verdict: Finding['verdict'], { setting, wrong, fix }: Problem): Finding {
  return { verdict, subject: setting, says: `${wrong}. ${fix}` };
}
