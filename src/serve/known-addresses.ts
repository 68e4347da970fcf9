/**
 * The client addresses that have proved themselves: an event of this source came from there and was accepted. IPv6 counts by
 * its /64. Strangers come after them wherever there is not room for everybody.
 *
 * It learns from every event that is accepted (http/respond.ts), at the start from what was known before and from the inbox. It
 * asks no clock and no disk. So many networks of a source are remembered, those that were learned last.
 */
import { networkOf } from '../base/address.ts';
import { DAY_MS } from '../base/times.ts';
import type { ProvenNetwork } from '../inbox/refused/store.ts';

const NETWORKS_MAX = 4_096;
/** Whoever wants to remember it hears of a network again after so long. */
const TOLD_AGAIN_MS = DAY_MS;

export class KnownAddresses {
  /** By source and network, the time that was told last; the network that was told last comes last. */
  readonly #bySource = new Map<string, Map<string, number>>();
  readonly #tell: (known: ProvenNetwork) => void;

  /** `tell` hears of each network when it is new, and once a day at most as long as it sends. */
  constructor(tell: (known: ProvenNetwork) => void = () => {}) {
    this.#tell = tell;
  }

  /** An event of the source was accepted then. An address that nobody knows proves nothing. */
  learn(source: string, address: string, at: number): void {
    if (address === '') return;
    const known = { source, network: networkOf(address), at };
    if (this.remember(known)) this.#tell(known);
  }

  /** What was told before. Answers whether it is news. */
  remember({ source, network, at }: ProvenNetwork): boolean {
    const networks = this.#networksOf(source);
    const told = networks.get(network);
    if (told !== undefined && at - told < TOLD_AGAIN_MS) return false;
    networks.delete(network);
    networks.set(network, at);
    for (const oldest of networks.keys()) {
      if (networks.size <= NETWORKS_MAX) break;
      networks.delete(oldest);
    }
    return true;
  }

  knows(source: string, address: string): boolean {
    return address !== '' && this.#bySource.get(source)?.has(networkOf(address)) === true;
  }

  #networksOf(source: string): Map<string, number> {
    let networks = this.#bySource.get(source);
    if (!networks) {
      networks = new Map();
      this.#bySource.set(source, networks);
    }
    return networks;
  }
}
