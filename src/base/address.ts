/**
 * IP addresses and ranges, strictly read, before ip-range-check sees them.
 *
 * On its own the library takes octal (064.4.41.98), hex, short (52.4.10594) and IPv4-compatible (::52.4.41.98) forms
 * for the address they resemble, and quietly never matches a rule it cannot read. So every address is brought into one
 * canonical form first, IPv4-mapped IPv6 as IPv4, and every rule is read at boot or refused there.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';
import ipRangeCheck from 'ip-range-check';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const NAMED_RANGES = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};
const UNSPECIFIED_AND_GROUPS = ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8'];
const NOBODYS = rangesIn([...NAMED_RANGES.loopback, ...NAMED_RANGES.linklocal, ...UNSPECIFIED_AND_GROUPS]);
/** The unique-local ranges, and the range that network providers share out behind NAT. */
const PRIVATE = rangesIn([...NAMED_RANGES.uniquelocal, '100.64.0.0/10']);

/** The canonical form, or undefined if it is not exactly one IPv4 or IPv6 address (a zone id is not either). */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 4) return text;
  if (family !== 6 || text.includes('%')) return undefined;
  const address = new SocketAddress({ address: text, family: 'ipv6' }).address;
  const mapped = MAPPED.exec(address);
  if (mapped) return mapped[1];
  // Node writes ::1.2.3.4 for the deprecated IPv4-compatible form, which ip-range-check takes for 1.2.3.4.
  return address.includes('.') ? undefined : address;
}

/**
 * Reads a rule: an address or a CIDR range. Returns its canonical form, or the sentence that says what is wrong.
 * Refuses what would match everything, and what would never match.
 */
export function readRule(text: string): { rule: string } | { wrong: string } {
  const [base = '', bits, ...rest] = text.split('/');
  const address = canonicalAddress(base);
  if (!address || rest.length > 0) return { wrong: 'is not an IP address or CIDR range' };
  if (bits === undefined) return { rule: address };
  const isIPv4 = address.includes('.');
  const isMapped = isIPv4 && base.includes(':');
  const prefix = /^(0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) - (isMapped ? 96 : 0) : -1;
  if (prefix < 0 || prefix > (isIPv4 ? 32 : 128))
    return { wrong: `has a prefix length that an ${isIPv4 ? 'IPv4' : 'IPv6'} range cannot have` };
  if (prefix === 0) return { wrong: 'matches every address' };
  return { rule: `${address}/${prefix}` };
}

export function rangesNamed(name: string): readonly string[] | undefined {
  return Object.hasOwn(NAMED_RANGES, name) ? NAMED_RANGES[name as keyof typeof NAMED_RANGES] : undefined;
}

export function isLoopback(host: string): boolean {
  const address = host === 'localhost' ? '127.0.0.1' : canonicalAddress(host);
  return address !== undefined && matches(address, NAMED_RANGES.loopback);
}

/**
 * What one sender has, of a canonical address: the address itself, or of IPv6 its /64, in which every sender has as many
 * addresses as it likes.
 */
export function networkOf(address: string): string {
  return address.includes(':') ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address;
}

/** The eight groups of a canonical IPv6 address, or the four bytes of an IPv4 address, as they are written. */
function groupsOf(address: string): string[] {
  if (!address.includes(':')) return address.split('.');
  const [before = '', behind] = address.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (behind !== undefined) {
    const last = behind === '' ? [] : behind.split(':');
    groups.push(...Array<string>(8 - groups.length - last.length).fill('0'), ...last);
  }
  return groups;
}

/** Says whether the rules match every address of IPv4 or of IPv6 if they are taken together, as 0.0.0.0/1 and 128.0.0.0/1 do. */
export function matchesEverything(rules: readonly string[]): boolean {
  const families = [
    { ranges: rules.filter((rule) => !rule.includes(':')).map((rule) => rangeOf(rule, 8, 10)), bits: 32n },
    { ranges: rules.filter((rule) => rule.includes(':')).map((rule) => rangeOf(rule, 16, 16)), bits: 128n },
  ];
  return families.some(({ ranges, bits }) => {
    let next = 0n;
    for (const { first, last } of ranges.sort((one, other) => (one.first < other.first ? -1 : 1))) {
      if (first > next) return false;
      if (last >= next) next = last + 1n;
    }
    return next === 1n << bits;
  });
}

/** The first and the last address of a rule, as numbers. */
function rangeOf(rule: string, groupBits: number, radix: 10 | 16): { first: bigint; last: bigint } {
  const [address = '', prefix] = rule.split('/');
  const groups = groupsOf(address).map((group) => BigInt(Number.parseInt(group, radix)));
  const value = groups.reduce((sum, group) => (sum << BigInt(groupBits)) | group, 0n);
  const size = groups.length * groupBits;
  const free = BigInt(size - Number(prefix ?? size));
  const first = (value >> free) << free;
  return { first, last: first + (1n << free) - 1n };
}

/** Says from where a canonical address may send: from anywhere, from a private network, or from no other machine. */
export function scopeOf(address: string): 'public' | 'private' | 'none' {
  const family = address.includes('.') ? 'ipv4' : 'ipv6';
  if (NOBODYS.check(address, family)) return 'none';
  return PRIVATE.check(address, family) ? 'private' : 'public';
}

/** The caller must name the family when it asks: the list takes IPv4 for IPv4-mapped addresses, and so for part of `::/3`. */
export function rangesIn(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Says whether a canonical address lies in one of the rules, which must come from `readRule`. */
export function matches(address: string, rules: readonly string[]): boolean {
  return ipRangeCheck(address, rules as string[]);
}
