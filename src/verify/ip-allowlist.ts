/**
 * The scheme `ip`: the client's address must lie in one of the source's ranges, or belong to one of its host names.
 *
 * serve/config/allowlist.ts reads the entries of an allowlist; `check` shows people what `allowedBy` says of them.
 */
import { matches } from '../base/address.ts';
import type { Log } from '../base/log/log.ts';
import { FollowedNames, type NameState } from './followed-names.ts';
import type { LookUp } from './host-names.ts';
import type { AddressList } from './preset.ts';
import type { AddressRow } from './schemes.ts';
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

export interface AllowEntry {
  /** Its text, such as `203.0.113.0/24`, `shippo-eu` or `dns:hooks.example.com`. */
  readonly entry: string;
  /** The rules of an address, a range or a published list; empty for a host name. */
  readonly rules: readonly string[];
  /** There for a published list. */
  readonly published?: Pick<AddressList, 'from' | 'asOf'>;
  /** The host name to follow. */
  readonly name?: string;
}

/** The addresses that an entry lets in at present. */
export interface Allowed extends Pick<AllowEntry, 'entry' | 'published'> {
  /** Addresses and ranges. */
  readonly addresses: readonly string[];
  /** There for a host name; `ageMs` is undefined as long as it had no good answer. */
  readonly lookup?: Pick<NameState, 'ageMs' | 'trouble'>;
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function namesIn(entries: readonly AllowEntry[]): string[] {
  return entries.flatMap(({ name }) => name ?? []);
}

export function allowedBy(entries: readonly AllowEntry[], names: Pick<FollowedNames, 'stateOf'>) {
  return entries.map(({ entry, rules, published, name }) => {
    if (name === undefined) return { entry, addresses: rules, ...(published && { published }) };
    const state = names.stateOf(name);
    const lookup = { ageMs: state?.ageMs, trouble: state?.trouble };
    return { entry, addresses: state?.addresses ?? [], lookup };
  });
}

/** Looks the names of a list up once, for commands that run beside the service. */
export async function examineAllowlist(entries: readonly AllowEntry[], lookUp?: LookUp) {
  const names = new FollowedNames(SILENT, lookUp);
  names.follow(namesIn(entries));
  await names.settled();
  const allowed = allowedBy(entries, names);
  names.stop();
  return allowed;
}
