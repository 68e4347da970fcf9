/**
 * One entry of an allowlist, and the addresses that it lets in. serve/config/allowlist.ts reads entries; `check` shows people
 * what `allowedBy` says of them.
 */

import type { Log } from '../base/log/log.ts';
import type { LookUp } from './dns.ts';
import { FollowedNames } from './followed-names.ts';
import type { AddressList } from './preset.ts';

export interface AllowEntry {
  /** Its text, such as `203.0.113.0/24`, `shippo-eu` or `dns:hooks.example.com`. */
  readonly entry: string;
  /** The rules of an address, a range or a published list; empty for a host name. */
  readonly rules: readonly string[];
  readonly published?: Pick<AddressList, 'from' | 'asOf'>;
  /** The host name to follow. */
  readonly name?: string;
}

/** The addresses that an entry lets in at present. */
export interface Allowed {
  readonly entry: string;
  /** Addresses and ranges. */
  readonly addresses: readonly string[];
  /** There for a published list. */
  readonly published?: Pick<AddressList, 'from' | 'asOf'>;
  /** There for a host name; `ageMs` is undefined as long as it had no good answer. */
  readonly lookup?: { readonly ageMs: number | undefined; readonly trouble: string | undefined };
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function namesIn(entries: readonly AllowEntry[]): string[] {
  return entries.flatMap(({ name }) => name ?? []);
}

export function allowedBy(
  entries: readonly AllowEntry[],
  names: Pick<FollowedNames, 'stateOf'>,
): readonly Allowed[] {
  return entries.map(({ entry, rules, published, name }) => {
    if (name === undefined) return { entry, addresses: rules, ...(published && { published }) };
    const { addresses, ageMs, trouble } = names.stateOf(name) ?? {
      addresses: [],
      ageMs: undefined,
      trouble: undefined,
    };
    return { entry, addresses, lookup: { ageMs, trouble } };
  });
}

/** Looks the names of a list up once, for commands that run beside the service. */
export async function examineAllowlist(
  entries: readonly AllowEntry[],
  lookUp?: LookUp,
): Promise<readonly Allowed[]> {
  const names = new FollowedNames(SILENT, lookUp);
  names.follow(namesIn(entries));
  await names.settled();
  const allowed = allowedBy(entries, names);
  names.stop();
  return allowed;
}
