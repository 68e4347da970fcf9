/** The `ip` scheme: the client's address must lie in one of the source's rules. Refuses with 403. */
import { Rejection } from '../errors.ts';
import type { Verifier } from '../types.ts';
import { matches } from './address.ts';

/** `rules` come from `readRule`, at least one. */
export function ipAllowlist(rules: readonly string[]): Verifier {
  if (rules.length === 0) throw new TypeError('an empty allowlist would let nobody in');
  return function verifyIp(head) {
    if (head.address === undefined) throw new Rejection('ip_unreadable');
    if (!matches(head.address, rules)) {
      throw new Rejection('ip_not_allowed', `the client address ${head.address} is not on the allowlist`);
    }
  };
}
