/**
 * Finds the client of a request: it is the socket's peer, or the address that trusted proxies name.
 *
 * X-Forwarded-For is read from the right, one hop at a time, only as long as the hop that wrote it is trusted. The first
 * address that is not a trusted proxy is the client; whatever stands to its left was written by strangers.
 */
import { canonicalAddress, matches } from '../base/address.ts';

const PORT4 = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/;
const BRACKETS6 = /^\[([^\]]+)\](?::\d{1,5})?$/;

export interface Client {
  /** Canonical; undefined if a trusted proxy wrote something that is not an address. */
  readonly address: string | undefined;
  /** True if the peer is a trusted proxy, so that its X-Forwarded-Proto may be believed. */
  readonly viaProxy: boolean;
  /** How many entries of X-Forwarded-For were read, from the right; the last one is the address. */
  readonly hops: number;
  /** True if the address is that of a trusted proxy, which did not say for whom it sends. */
  readonly isProxy: boolean;
}

/** `trusted` are rules from `readRule`. serve/http calls the function it returns once for each request. */
export function resolveClient(trusted: readonly string[]) {
  return function clientOf(peer: string, forwardedFor: string | undefined): Client {
    const peerAddress = canonicalAddress(peer);
    if (trusted.length === 0 || !peerAddress || !matches(peerAddress, trusted)) {
      return { address: peerAddress, viaProxy: false, hops: 0, isProxy: false };
    }
    let address: string | undefined = peerAddress;
    let isProxy = true;
    const entries = forwardedFor ? forwardedFor.split(',') : [];
    const left = [...entries];
    while (left.length > 0 && address && isProxy) {
      address = readHop(left.pop() as string);
      isProxy = address !== undefined && matches(address, trusted);
    }
    return { address, viaProxy: true, hops: entries.length - left.length, isProxy };
  };
}

/**
 * Says whether the client came by TLS. The proxy that it spoke with knows: the outermost trusted one. Proxies that add to
 * X-Forwarded-For add to X-Forwarded-Proto, so its word stands as far from the right as the client's address, or is the
 * left-most if there are fewer. What proxies behind it speak with each other does not matter. A word before it that is not
 * `https` does: nobody gains by writing it, and a proxy that was left out of TRUST_PROXY may have.
 */
export function cameByTls(forwardedProto: string, hops: number): boolean {
  const words = forwardedProto.split(',');
  const outermost = Math.max(0, words.length - Math.max(1, hops));
  return words.slice(0, outermost + 1).every((word) => word.trim().toLowerCase() === 'https');
}

/** Some proxies write the port as well: `1.2.3.4:51008`, `[2001:db8::1]:51008`. */
function readHop(hop: string): string | undefined {
  const text = hop.trim();
  const inner = PORT4.exec(text)?.[1] ?? BRACKETS6.exec(text)?.[1] ?? text;
  return canonicalAddress(inner);
}
