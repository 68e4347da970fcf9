/**
 * One lookup of a host name, in both families: which of its addresses count, and for how long. Called by followed-names.ts.
 *
 *  - Loopback, link-local and other addresses that no sender has never count.
 *  - Private addresses count only for names that public DNS cannot answer (.internal, .local, .home.arpa): behind a proxy that
 *    TRUST_PROXY forgot, everybody comes from a private address. For a network of one's own, its range is the way.
 */
import { canonicalAddress, scopeOf } from '../base/address.ts';
import type { LookUp } from './dns.ts';
import { isPrivateName } from './host-name.ts';

const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];
/** So many addresses of each family count. */
const ADDRESSES_MAX = 256;
const TTL_LEAST_MS = 30_000;
const TTL_MOST_MS = 3_600_000;

/** The outcome for one family. Without `addresses` nobody could say which it has. */
export interface FamilyAnswer {
  readonly family: Family;
  readonly addresses?: readonly string[];
  readonly ttlMs?: number;
  /** Why there is no answer, or why it does not count whole. */
  readonly flaw?: string;
}

/** Never rejects: a lookup that fails is an answer with a flaw. */
export function lookUpFamilies(name: string, lookUp: LookUp, signal: AbortSignal): Promise<FamilyAnswer[]> {
  return Promise.all(FAMILIES.map((family) => lookUpFamily(name, family, lookUp, signal)));
}

/** The time until the answer should be asked for again: the shorter TTL of the two, within limits. */
export function freshMsOf(answers: readonly FamilyAnswer[]): number {
  const ttlsMs = answers.flatMap(({ addresses = [], ttlMs = 0 }) => (addresses.length > 0 ? [ttlMs] : []));
  return Math.min(Math.max(Math.min(...ttlsMs), TTL_LEAST_MS), TTL_MOST_MS);
}

async function lookUpFamily(
  name: string,
  family: Family,
  lookUp: LookUp,
  signal: AbortSignal,
): Promise<FamilyAnswer> {
  try {
    const found = await lookUp(name, family, signal);
    const given = [...new Set(found.map(({ address }) => canonicalAddress(address) ?? ''))].sort();
    // Answers come in any order: sorted, the same ones are kept each time.
    const kept = given.slice(0, ADDRESSES_MAX);
    const addresses = kept.filter((address) => maySend(address, name));
    const ttlMs = Math.min(...found.map(({ ttlSeconds }) => ttlSeconds * 1_000));
    const flaw = flawIn(given.length, kept.length, addresses.length);
    return { family, addresses, ttlMs, ...(flaw !== undefined && { flaw }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { family, flaw: `its IPv${family} addresses cannot be looked up (${code ?? message})` };
  }
}

function maySend(address: string, name: string): boolean {
  if (address === '') return false;
  const scope = scopeOf(address);
  return scope === 'public' || (scope === 'private' && isPrivateName(name));
}

function flawIn(given: number, kept: number, usable: number): string | undefined {
  if (kept < given) return `it has ${given} addresses, and ${ADDRESSES_MAX} count`;
  if (usable < kept) return 'some of its addresses are private, loopback or of no sender, and do not count';
  return undefined;
}
