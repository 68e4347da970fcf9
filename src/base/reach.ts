/**
 * Says where a request of ours may connect to: to public addresses over TLS, and to those that `allow` lists. What forwards events
 * asks at every new connection and at boot; what fetches a provider's keys asks at every fetch.
 *
 * Addresses are judged, not names: a name that points outside today may point inside tomorrow (DNS rebinding). Of the addresses
 * of a name, those that are not allowed are dropped; if none is left, the connection is refused with OutOfReach.
 */
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { canonicalAddress, matches, rangesIn } from './address.ts';
import type { Problem } from './errors.ts';

export type ResolveName = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** `wrong` reads after the host, or after the option's name. */
type Objection = Pick<Problem, 'wrong' | 'fix'>;

export interface Reach {
  /** Why nothing can be sent there, as far as it shows without asking DNS. */
  readonly objection: Objection | undefined;
  /** For node:http, instead of dns.lookup. Not called for a host that is an address: `objection` judges those. */
  readonly lookup: LookupFunction;
}

/** This network, private, shared (CGNAT), loopback, link-local, protocol, documentation, benchmarks, multicast and above. */
const NOT_PUBLIC_IPV4 = rangesIn([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
]);
/**
 * Public IPv6 is 2000::/3, so its three complements are not: ::1, NAT64, fc00::/7, fe80::/10 and ff00::/8 among them.
 * Inside it Teredo and other protocols, documentation, and 6to4, whose addresses stand for IPv4 ones.
 */
const NOT_PUBLIC_IPV6 = rangesIn([
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);

/** `allow`: rules as `readRule` returned them. */
export function limitReach(url: URL, allow: readonly string[], resolve: ResolveName): Reach {
  const isPlain = url.protocol === 'http:';
  const host = url.hostname.replace(/^\[|\]$/g, '');

  function objectionTo(text: string): Objection | undefined {
    const address = canonicalAddress(text);
    if (address !== undefined && matches(address, allow)) return undefined;
    if (address === undefined || !isPublic(address)) {
      const fix = `If it is meant to go there, list it: allow: ['${address ?? text}'].`;
      return { wrong: `is at ${text}, which is not a public address`, fix };
    }
    if (!isPlain) return undefined;
    const fix = `Use https://, or list it if the way there is private: allow: ['${address}'].`;
    return { wrong: `is at ${text}, and plain http would carry events there in the clear`, fix };
  }

  function objectionToHost(): Objection | undefined {
    const addresses = host === 'localhost' ? ['127.0.0.1', '::1'] : isIP(host) ? [host] : [];
    const objections = addresses.map(objectionTo);
    if (addresses.length > 0) return objections.includes(undefined) ? undefined : objections[0];
    if (!isPlain || allow.length > 0) return undefined;
    const fix = "Use https://, or list the addresses of the private network: allow: ['10.1.2.3'].";
    return { wrong: 'is plain http, though no address is listed in allow', fix };
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const reachable = error ? [] : found.filter(({ address }) => !objectionTo(address));
      const [first] = reachable;
      if (error) callback(error, []);
      else if (!first) callback(new OutOfReach(url, objectionTo(found[0]?.address ?? 'no address')), []);
      else if (options.all) callback(null, reachable);
      else callback(null, first.address, first.family);
    });
  };
  return { objection: objectionToHost(), lookup };
}

/** A request of ours was not sent, because of where it would have gone. The message says where, and what would allow it. */
export class OutOfReach extends Error {
  constructor({ host }: URL, objection: Objection | undefined) {
    super(`${host} ${objection?.wrong}. ${objection?.fix}`);
    this.name = 'OutOfReach';
  }
}

function isPublic(address: string): boolean {
  return address.includes(':')
    ? !NOT_PUBLIC_IPV6.check(address, 'ipv6')
    : !NOT_PUBLIC_IPV4.check(address, 'ipv4');
}
