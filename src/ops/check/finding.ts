/** One line of `check`: its verdict, what it is about, and a sentence that says what was found, with the fix if one is due. */
import type { Problem } from '../../base/errors.ts';

export type FindingVerdict = 'pass' | 'warn' | 'fail';

export interface Finding {
  readonly verdict: FindingVerdict;
  readonly subject: string;
  readonly says: string;
}

export function pass(subject: string, says: string): Finding {
  return { verdict: 'pass', subject, says };
}

export function warn(subject: string, says: string): Finding {
  return { verdict: 'warn', subject, says };
}

export function fail(subject: string, says: string): Finding {
  return { verdict: 'fail', subject, says };
}

export function ofProblem(verdict: FindingVerdict, { setting, wrong, fix }: Problem): Finding {
  return { verdict, subject: setting, says: `${wrong}. ${fix}` };
}
