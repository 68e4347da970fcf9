/**
 * The addresses that the host names on allowlists have at present. They are looked up beside the requests, never for one,
 * and again when an answer's TTL (30 s to 1 h) is over. Kept by receiver.ts over reloads; `check` looks once.
 *
 * DNS is not proof, and in production `ip` is never the only check. Whoever controls a name's answers for a moment can get
 * past this one check, or keep the sender out, until the next good answer; each change is logged. More is not to be had:
 *  - Loopback, link-local and other addresses that no sender has never count.
 *  - Private ones count only for names that public DNS cannot answer (.internal, .local, .home.arpa): behind a proxy that
 *    TRUST_PROXY forgot, everybody comes from a private address. For one's own network, write its range.
 *  - The last good answer stays however long lookups fail, since a broken resolver must not refuse a provider; so a false
 *    one stays too, but only as long as lookups are kept from working, and a warning says that they are.
 */

import { canonicalAddress, scopeOf } from '../base/address.ts';
import type { Log } from '../base/log/log.ts';
import { type LookUp, lookUpInDns } from './dns.ts';
import { isPrivateName } from './host-name.ts';

const TTL_LEAST_MS = 30_000;
const TTL_MOST_MS = 3_600_000;
/** At boot the port waits so long for the first answers. */
const FIRST_ANSWERS_MS = 3_000;
const RETRY_LEAST_MS = 5_000;
const RETRY_MOST_MS = 300_000;
/** Of each family. */
const ADDRESSES_MAX = 256;
const SHOWN_MAX = 20;
const FAMILIES = [4, 6] as const;

/** What is known of a name. */
export interface NameState {
  readonly addresses: readonly string[];
  /** Since its last good answer; undefined: it never had one. */
  readonly ageMs: number | undefined;
  /** What keeps it, or some of its addresses, from being looked up. */
  readonly trouble: string | undefined;
}

interface Followed {
  readonly name: string;
  readonly byFamily: Map<4 | 6, readonly string[]>;
  addresses: ReadonlySet<string>;
  answeredAt: number | undefined;
  trouble: Trouble | undefined;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  /** Whether its first lookup is over, well or not. */
  settled: boolean;
  first: Promise<void>;
}

/** `none`: there is no new answer. `part`: there is one, but it cannot be used whole. */
interface Trouble {
  readonly kind: 'none' | 'part';
  readonly reason: string;
}

/** What one family's lookup came to; no addresses: nobody could say. */
interface Heard {
  readonly family: 4 | 6;
  readonly addresses?: readonly string[];
  readonly ttlMs?: number;
  readonly flaw?: string;
}

export class FollowedNames {
  readonly #log: Log;
  readonly #lookUp: LookUp;
  readonly #followed = new Map<string, Followed>();
  readonly #stopping = new AbortController();

  constructor(log: Log, lookUp: LookUp = lookUpInDns) {
    this.#log = log;
    this.#lookUp = lookUp;
  }

  /** Begins with those that are new. The answer tells whether an address is one of theirs when it is asked. */
  follow(names: readonly string[]): (address: string) => boolean {
    const followed = names.map((name) => this.#followed.get(name) ?? this.#begin(name));
    return (address) => followed.some(({ addresses }) => addresses.has(address));
  }

  /** Resolves once each name has been looked up, well or not, or when the wait is over. */
  async settled(waitMs = FIRST_ANSWERS_MS): Promise<void> {
    const waiting = [...this.#followed.values()].filter(({ settled }) => !settled);
    if (waiting.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([over, Promise.all(waiting.map(({ first }) => first))]);
    clearTimeout(timer);
    for (const followed of waiting) {
      if (followed.settled || !this.#follows(followed)) continue;
      this.#note(followed, { kind: 'none', reason: 'its first lookup takes long' });
    }
  }

  /** Stops looking up all others. Whoever still asks about them gets their last addresses. */
  keepOnly(names: readonly string[]): void {
    for (const [name, { timer }] of this.#followed) {
      if (names.includes(name)) continue;
      clearTimeout(timer);
      this.#followed.delete(name);
    }
  }

  stateOf(name: string): NameState | undefined {
    const followed = this.#followed.get(name);
    if (!followed) return undefined;
    const { addresses, answeredAt, trouble } = followed;
    const ageMs = answeredAt === undefined ? undefined : performance.now() - answeredAt;
    return { addresses: [...addresses], ageMs, trouble: trouble?.reason };
  }

  stop(): void {
    this.keepOnly([]);
    this.#stopping.abort();
  }

  #begin(name: string): Followed {
    const followed: Followed = {
      name,
      byFamily: new Map(),
      addresses: new Set(),
      answeredAt: undefined,
      trouble: undefined,
      failures: 0,
      timer: undefined,
      settled: false,
      first: Promise.resolve(),
    };
    this.#followed.set(name, followed);
    followed.first = this.#look(followed);
    return followed;
  }

  async #look(followed: Followed): Promise<void> {
    const { name } = followed;
    const heard = await Promise.all(FAMILIES.map((family) => this.#hear(name, family)));
    // It may have been dropped meanwhile, or dropped and begun anew.
    if (!this.#follows(followed)) return;
    followed.settled = true;
    const flaw = heard.find((one) => one.flaw !== undefined)?.flaw;
    if (heard.some(({ addresses = [] }) => addresses.length > 0)) {
      this.#take(followed, heard);
      this.#note(followed, flaw === undefined ? undefined : { kind: 'part', reason: flaw });
      this.#lookIn(freshMs(heard), followed);
    } else {
      followed.failures++;
      this.#note(followed, { kind: 'none', reason: flaw ?? 'it has no address' });
      this.#lookIn(retryMs(followed.failures), followed);
    }
  }

  #lookIn(delayMs: number, followed: Followed): void {
    followed.timer = setTimeout(() => this.#look(followed), delayMs).unref();
  }

  #follows(followed: Followed): boolean {
    return this.#followed.get(followed.name) === followed;
  }

  async #hear(name: string, family: 4 | 6): Promise<Heard> {
    try {
      const found = await this.#lookUp(name, family, this.#stopping.signal);
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

  /** What one family did not answer stays as it was. */
  #take(followed: Followed, heard: readonly Heard[]): void {
    const { name, byFamily, addresses: before } = followed;
    for (const { family, addresses } of heard) if (addresses) byFamily.set(family, addresses);
    followed.addresses = new Set([...byFamily.values()].flat());
    const wasKnown = followed.answeredAt !== undefined;
    followed.answeredAt = performance.now();
    followed.failures = 0;
    const added = [...followed.addresses].filter((address) => !before.has(address));
    const removed = [...before].filter((address) => !followed.addresses.has(address));
    if (wasKnown && added.length + removed.length > 0) {
      const some = { added: added.slice(0, SHOWN_MAX), removed: removed.slice(0, SHOWN_MAX) };
      this.#log.info({ host: name, ...some }, 'the addresses of a name on an allowlist have changed');
    }
  }

  /** Each kind of trouble is told once, and its end. */
  #note(followed: Followed, trouble: Trouble | undefined): void {
    const { name: host, addresses, trouble: before } = followed;
    followed.trouble = trouble;
    if (trouble?.kind === before?.kind) return;
    if (!trouble) {
      this.#log.info({ host, addresses: addresses.size }, 'a name on an allowlist can be looked up');
    } else if (trouble.kind === 'part') {
      this.#log.warn({ host, reason: trouble.reason }, 'not all addresses of a name on an allowlist count');
    } else {
      const rest = addresses.size > 0 ? 'its last addresses stay allowed' : 'it allows nobody yet';
      const { reason } = trouble;
      this.#log.warn({ host, reason }, `a name on an allowlist cannot be looked up: ${rest}`);
    }
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

function freshMs(heard: readonly Heard[]): number {
  const ttlsMs = heard.flatMap(({ addresses = [], ttlMs = 0 }) => (addresses.length > 0 ? [ttlMs] : []));
  return Math.min(Math.max(Math.min(...ttlsMs), TTL_LEAST_MS), TTL_MOST_MS);
}

function retryMs(failures: number): number {
  return Math.min(RETRY_LEAST_MS * 2 ** (failures - 1), RETRY_MOST_MS);
}
