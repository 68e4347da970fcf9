/** The scheme `ip`: the client's address must lie in one of the source's ranges, or belong to one of its host names. */

import { matches } from '../base/address.ts';
import { namesIn } from './allow-entry.ts';
import type { AddressRow } from './scheme.ts';
import { type Proof, Rejection, type Verifier } from './verifier.ts';

const VERDICTS_MAX = 10_000;
/** No more than this is noted: the address itself is kept with every event. */
const PROOF: Proof = { scheme: 'ip' };

export const IP_ALLOWLIST = {
  name: 'ip',
  setting: 'ALLOW_FROM',
  holds: 'addresses',
  headersOf: () => [],
  build({ allowFrom, names }): Verifier {
    const named = namesIn(allowFrom);
    const rules = allowFrom.flatMap((entry) => entry.rules);
    return ipAllowlist(rules, named.length > 0 ? names.follow(named) : undefined);
  },
  refusals: {
    ip_unreadable: {
      status: 403,
      says: 'the client address cannot be told',
      asks: 'does a trusted proxy write something else than an address into `X-Forwarded-For`?',
      fix: 'Look at the configuration of the proxies in `TRUST_PROXY`.',
    },
    ip_not_allowed: {
      status: 403,
      says: 'the client address is not on the allowlist',
      asks: 'has the sender new addresses, or has a proxy?',
      fix: 'Compare `…_ALLOW_FROM` with the addresses in the log, and `TRUST_PROXY` with your proxies: a proxy that is missing there is taken for the client. Add new addresses of the provider, or follow the name of its senders with `dns:<name>`.',
    },
  },
} as const satisfies AddressRow;

/** `rules` come from `readRule`; `isNamed` knows the addresses of host names. At least one of the two must be there. */
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
  // ip-range-check parses both sides anew each time; providers send from few addresses, and rules do not change.
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
