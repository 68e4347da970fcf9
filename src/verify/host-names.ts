/**
 * Host names on allowlists: how operators write them, and one lookup of one in both families. Called by followed-names.ts.
 *
 *  - Only full names are taken, as DNS carries them. Refused are addresses, wildcards, anything with a port, a path, a final dot
 *    or letters beyond ASCII, and names without a dot: the meaning of such a name depends on the machine that asks.
 *  - The system's DNS servers are asked. The hosts file is not read.
 *  - Loopback, link-local and other addresses that no sender has never count.
 *  - Private addresses count only for names that public DNS cannot answer (.internal, .local, .home.arpa): behind a proxy that
 *    TRUST_PROXY forgot, everybody comes from a private address. For a network of one's own, its range is the way.
 */
import { Resolver } from 'node:dns/promises';
import { canonicalAddress, scopeOf } from '../base/address.ts';
import { HOUR_MS } from '../base/times.ts';

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const LENGTH_MAX = 253;
/** These ends are set apart for private networks: public DNS has no answer for them. */
const PRIVATE_ENDS = ['.internal', '.local', '.home.arpa'];

/** The name in small letters, or the sentence that says what is wrong. */
export function readHostName(text: string): { name: string } | { wrong: string } {
  const name = text.toLowerCase();
  const labels = name.split('.');
  // A last part that begins with a digit is an address in one of its many spellings.
  const endsInName = /^[a-z]/.test(labels.at(-1) ?? '');
  if (name.length > LENGTH_MAX || !endsInName || !labels.every((label) => LABEL.test(label)))
    return { wrong: 'is not a host name' };
  if (labels.length === 1) return { wrong: 'is a host name without a dot' };
  return { name };
}

const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];

/** Answers for one family, with an empty list if the name has no address in it. Throws if nobody could say. */
export type LookUp = (
  name: string,
  family: Family,
  signal: AbortSignal,
) => Promise<readonly { readonly address: string; readonly ttlSeconds: number }[]>;

const TIMEOUT_MS = 1_000;
const TRIES = 2;
const HAS_NONE = ['ENODATA', 'ENOTFOUND'];

export const lookUpInDns: LookUp = async (name, family, signal) => {
  // A resolver learns the system's servers when it is made, and they may change while a service runs.
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const options = { ttl: true } as const;
    const records = await (family === 4
      ? resolver.resolve4(name, options)
      : resolver.resolve6(name, options));
    return records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
  } catch (error) {
    if (HAS_NONE.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};

/** So many addresses of each family count. */
const ADDRESSES_MAX = 256;
const TTL_LEAST_MS = 30_000;
const TTL_MOST_MS = HOUR_MS;

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

async function lookUpFamily(name: string, family: Family, lookUp: LookUp, signal: AbortSignal) {
  try {
    const found = await lookUp(name, family, signal);
    const given = [...new Set(found.map(({ address }) => canonicalAddress(address) ?? ''))].sort();
    // Answers come in any order: sorted, the same ones are kept each time.
    const kept = given.slice(0, ADDRESSES_MAX);
    const addresses = kept.filter((address) => maySend(address, name));
    const ttlMs = Math.min(...found.map(({ ttlSeconds }) => ttlSeconds * 1_000));
    if (kept.length < given.length) {
      const flaw = `it has ${given.length} addresses, and ${ADDRESSES_MAX} count`;
      return { family, addresses, ttlMs, flaw };
    }
    if (addresses.length === kept.length) return { family, addresses, ttlMs };
    const flaw = 'some of its addresses are private, loopback or of no sender, and do not count';
    return { family, addresses, ttlMs, flaw };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { family, flaw: `its IPv${family} addresses cannot be looked up (${code ?? message})` };
  }
}

function maySend(address: string, name: string): boolean {
  if (address === '') return false;
  const scope = scopeOf(address);
  return scope === 'public' || (scope === 'private' && PRIVATE_ENDS.some((end) => name.endsWith(end)));
}
