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
}

/** `trusted` are rules from `readRule`. serve/http calls the function it returns once for each request. */
export function resolveClient(trusted: readonly string[]) {
  return function clientOf(peer: string, forwardedFor: string | undefined): Client {
    const peerAddress = canonicalAddress(peer);
    if (trusted.length === 0 || !peerAddress || !matches(peerAddress, trusted)) {
      return { address: peerAddress, viaProxy: false };
    }
    let address: string | undefined = peerAddress;
    const hops = forwardedFor ? forwardedFor.split(',') : [];
    while (hops.length > 0 && address && matches(address, trusted)) address = readHop(hops.pop() as string);
    return { address, viaProxy: true };
  };
}

/** Some proxies write the port as well: `1.2.3.4:51008`, `[2001:db8::1]:51008`. */
function readHop(hop: string): string | undefined {
  const text = hop.trim();
  const inner = PORT4.exec(text)?.[1] ?? BRACKETS6.exec(text)?.[1] ?? text;
  return canonicalAddress(inner);
}
