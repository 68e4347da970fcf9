/**
 * One entry of an allowlist: where it comes from and whom it lets in. Read by config/allowlist.ts; `check` shows people what
 * `allowedBy` says.
 */

import type { Log } from '../base/log/log.ts';
import type { LookUp } from './dns.ts';
import { FollowedNames } from './followed-names.ts';
import type { AddressList } from './preset.ts';

export interface AllowEntry {
  /** As in `203.0.113.0/24`, `shippo-eu` or `dns:hooks.example.com`. */
  readonly entry: string;
  /** Of an address, a range or a published list; empty for a host name. */
  readonly rules: readonly string[];
  readonly published?: Pick<AddressList, 'from' | 'asOf'>;
  /** The host name to follow. */
  readonly name?: string;
}

/** Whom an entry lets in at present. */
export interface Allowed {
  readonly entry: string;
  /** Addresses and ranges. */
  readonly addresses: readonly string[];
  /** Of a published list: by whom, and as of when. */
  readonly published?: Pick<AddressList, 'from' | 'asOf'>;
  /** Of a host name; `ageMs` is undefined as long as it had no good answer. */
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

/** Looks its names up once, from outside the service. */
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
