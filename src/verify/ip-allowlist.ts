/** The `ip` scheme: the client's address must lie in one of the source's rules. Refuses with 403. */

import { matches } from '../base/address.ts';
import { Rejection } from './refusals.ts';
import type { Proof, Verifier } from './verifier.ts';

const VERDICTS_MAX = 10_000;
/** The address itself is kept with the event anyway. */
const PROOF: Proof = { scheme: 'ip' };

/** `rules` come from `readRule`; `isNamed` knows the addresses of host names. At least one of either. */
export function ipAllowlist(rules: readonly string[], isNamed?: (address: string) => boolean): Verifier {
  if (rules.length === 0 && !isNamed) throw new TypeError('an empty allowlist would let nobody in');
  const verdicts = new Map<string, boolean>();
  return function verifyIp(head) {
    if (head.address === undefined) throw new Rejection('ip_unreadable');
    if (!isInRules(head.address) && !isNamed?.(head.address)) {
      throw new Rejection('ip_not_allowed', `the client address ${head.address} is not on the allowlist`);
    }
    return PROOF;
  };
  /** ip-range-check parses both sides anew each time, and providers send from few addresses. Rules do not change. */
  function isInRules(address: string): boolean {
    let verdict = verdicts.get(address);
    if (verdict === undefined) {
      verdict = matches(address, rules);
      if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
      verdicts.set(address, verdict);
    }
    return verdict;
  }
}
