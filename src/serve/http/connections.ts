/**
 * How many connections may be open, so that files, threads and the database always find a descriptor.
 *
 *   all together   `connectionsMax`, and at most half of the descriptors that the process may open
 *   one address    a quarter of it (IPv6 by /64); not for those that have sent a genuine event before, nor for trusted
 *                  proxies, each of which stands for many senders
 *
 * At a limit, the connection closes that has been idle for longest, of that address or of all; a proxy's is left alone,
 * because it may be about to write on it. If none is idle, the new one closes. server.ts says what happens on them.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalAddress, matches, networkOf } from '../../base/address.ts';
import type { Log } from '../../base/log/log.ts';
import { MINUTE_MS } from '../../base/times.ts';

/** If the system does not tell how many descriptors there may be. */
const DESCRIPTORS_USUAL = 1_024;
/** How often the log says that a limit was reached. */
const TELL_MS = MINUTE_MS;

export interface ConnectionLimits {
  readonly all: number;
  readonly address: number;
}

export interface ConnectionCounts {
  readonly open: number;
  readonly limits: ConnectionLimits;
  /** How many were closed to keep each limit. */
  readonly closed: ConnectionLimits;
}

interface ConnectionsOptions {
  readonly max: number;
  /** The rules for proxies, from `readRule`. */
  readonly trusted: readonly string[];
  /** Says whether a canonical address has sent a genuine event before. */
  readonly isKnown?: (address: string) => boolean;
  readonly log: Log;
}

interface OpenConnection {
  /** What the limit for each address counts; undefined for a proxy. */
  readonly network: string | undefined;
  /** The last answer on it. */
  response?: ServerResponse;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #limits: ConnectionLimits;
  /** The one that was used last stands last. */
  readonly #open = new Map<Socket, OpenConnection>();
  readonly #ofNetwork = new Map<string, number>();
  readonly #closed = { all: 0, address: 0 };
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectionsOptions) {
    const all = Math.max(1, Math.min(options.max, Math.floor(descriptorsMax() / 2)));
    this.#limits = { all, address: Math.ceil(all / 4) };
    this.#options = options;
  }

  counts(): ConnectionCounts {
    return { open: this.#open.size, limits: this.#limits, closed: { ...this.#closed } };
  }

  /** Takes a new connection in, or closes it. */
  admit(socket: Socket): void {
    const address = canonicalAddress(socket.remoteAddress ?? '');
    const { trusted, isKnown = () => false } = this.#options;
    const isProxy = address !== undefined && trusted.length > 0 && matches(address, trusted);
    const network = address === undefined || isProxy ? undefined : networkOf(address);
    const isFull = network !== undefined && (this.#ofNetwork.get(network) ?? 0) >= this.#limits.address;
    if (isFull && !isKnown(address as string)) this.#makeRoom('address', socket, network);
    else if (this.#open.size >= this.#limits.all) this.#makeRoom('all', socket);
    if (socket.destroyed) return;
    this.#open.set(socket, { network });
    if (network !== undefined) this.#ofNetwork.set(network, (this.#ofNetwork.get(network) ?? 0) + 1);
    socket.once('close', () => this.#forget(socket));
  }

  /** Something is being asked on it, and answered with that. */
  noteUse(socket: Socket, response: ServerResponse): void {
    const connection = this.#open.get(socket);
    if (!connection) return;
    connection.response = response;
    this.#open.delete(socket);
    this.#open.set(socket, connection);
  }

  #makeRoom(limit: keyof ConnectionLimits, newcomer: Socket, network?: string): void {
    this.#closed[limit]++;
    this.#tell(limit, newcomer.remoteAddress);
    for (const [socket, connection] of this.#open) {
      const isCandidate =
        network === undefined ? connection.network !== undefined : connection.network === network;
      if (!isCandidate || connection.response?.closed === false) continue;
      this.#forget(socket);
      socket.destroy();
      return;
    }
    newcomer.destroy();
  }

  /** Called twice for one that was closed here; the second call changes nothing. */
  #forget(socket: Socket): void {
    const network = this.#open.get(socket)?.network;
    this.#open.delete(socket);
    if (network === undefined) return;
    const left = (this.#ofNetwork.get(network) ?? 0) - 1;
    if (left > 0) this.#ofNetwork.set(network, left);
    else this.#ofNetwork.delete(network);
  }

  #tell(limit: keyof ConnectionLimits, ip: string | undefined): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    const { open, limits } = this.counts();
    const whose = limit === 'all' ? 'all together' : 'of one address';
    const says = `${limits[limit]} connections ${whose} is the limit: an idle one is closed for each new one, or the new one`;
    this.#options.log.warn({ open, ip }, says);
  }
}

function descriptorsMax(): number {
  // Looking up names of peers would take its time.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return typeof soft === 'number' ? soft : DESCRIPTORS_USUAL;
}
