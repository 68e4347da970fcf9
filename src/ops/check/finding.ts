/** One line of `check`: its verdict, what it is about, and a sentence that says what was found, with the fix if one is due. */
import type { Problem } from '../../base/errors.ts';

type FindingVerdict = 'pass' | 'warn' | 'fail';

export interface Finding {
  readonly verdict: FindingVerdict;
  readonly subject: string;
  readonly says: string;
}

export const [pass, warn, fail] = [findingOf('pass'), findingOf('warn'), findingOf('fail')];

function findingOf(verdict: FindingVerdict) {
  return (subject: string, says: string): Finding => ({ verdict, subject, says });
}

export function ofProblem(verdict: FindingVerdict, { setting, wrong, fix }: Problem): Finding {
  return { verdict, subject: setting, says: `${wrong}. ${fix}` };
}
