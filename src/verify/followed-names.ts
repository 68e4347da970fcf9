/**
 * The addresses that the host names on allowlists have at present. They are looked up beside the requests, never because of
 * one, and again when the TTL of the answer (30 s to 1 h) is over. serve/rules.ts keeps them over reloads; `check` looks once.
 *
 * DNS is not proof, and in production `ip` is never the only check. Somebody who controls a name's answers for a moment can
 * get past this one check, or keep the sender out, until the next good answer; each change is logged. The last good answer
 * stays however long lookups fail, since a broken resolver must not refuse a provider. So a false answer stays too, but only
 * as long as lookups are kept from working, and a warning says that they are. host-names.ts says which addresses count.
 */
import type { Log } from '../base/log/log.ts';
import { MINUTE_MS } from '../base/times.ts';
import { type FamilyAnswer, freshMsOf, type LookUp, lookUpFamilies, lookUpInDns } from './host-names.ts';

/** At boot the public port opens after so long at the latest, with the first answers or without. */
const FIRST_ANSWERS_MS = 3_000;
const RETRY_LEAST_MS = 5_000;
const RETRY_MOST_MS = 5 * MINUTE_MS;
/** So many addresses that came or went are named in a log line. */
const SHOWN_MAX = 20;

/** A host name as far as it is known. */
export interface NameState {
  readonly addresses: readonly string[];
  /** Milliseconds since its last good answer; undefined if it never had one. */
  readonly ageMs: number | undefined;
  /** Why it, or some of its addresses, cannot be looked up. */
  readonly trouble: string | undefined;
}

class Followed {
  readonly name: string;
  readonly byFamily = new Map<4 | 6, readonly string[]>();
  addresses: ReadonlySet<string> = new Set();
  answeredAt: number | undefined;
  trouble: Trouble | undefined;
  failures = 0;
  timer: NodeJS.Timeout | undefined;
  /** Resolves when its first lookup is over, with an answer or without. */
  first = Promise.resolve();
  settled = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** `none`: there is no new answer. `part`: there is one, but it cannot be used whole. */
interface Trouble {
  readonly kind: 'none' | 'part';
  readonly reason: string;
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

  /** Begins to look up the names that are new. The function it returns says whether an address is one of theirs now. */
  follow(names: readonly string[]): (address: string) => boolean {
    const followed = names.map((name) => this.#followed.get(name) ?? this.#begin(name));
    return (address) => followed.some(({ addresses }) => addresses.has(address));
  }

  /** Resolves once each name has had its first lookup, with an answer or without, or when the wait is over. */
  async settled(): Promise<void> {
    const waiting = [...this.#followed.values()].filter(({ settled }) => !settled);
    if (waiting.length === 0) return;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FIRST_ANSWERS_MS);
    await Promise.race([over, Promise.all(waiting.map(({ first }) => first))]);
    clearTimeout(timer);
    for (const followed of waiting) {
      if (followed.settled || !this.#follows(followed)) continue;
      this.#note(followed, { kind: 'none', reason: 'its first lookup takes long' });
    }
  }

  /** Stops looking up all other names. A function that `follow` returned goes on with their last addresses. */
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
    const followed = new Followed(name);
    this.#followed.set(name, followed);
    followed.first = this.#look(followed);
    return followed;
  }

  async #look(followed: Followed): Promise<void> {
    const { name } = followed;
    const heard = await lookUpFamilies(name, this.#lookUp, this.#stopping.signal);
    // The name may have been dropped meanwhile, or dropped and begun anew.
    if (!this.#follows(followed)) return;
    followed.settled = true;
    const flaw = heard.find((one) => one.flaw !== undefined)?.flaw;
    if (heard.some(({ addresses = [] }) => addresses.length > 0)) {
      this.#take(followed, heard);
      this.#note(followed, flaw === undefined ? undefined : { kind: 'part', reason: flaw });
      this.#lookIn(freshMsOf(heard), followed);
    } else {
      followed.failures++;
      this.#note(followed, { kind: 'none', reason: flaw ?? 'it has no address' });
      this.#lookIn(Math.min(RETRY_LEAST_MS * 2 ** (followed.failures - 1), RETRY_MOST_MS), followed);
    }
  }

  #lookIn(delayMs: number, followed: Followed): void {
    followed.timer = setTimeout(() => this.#look(followed), delayMs).unref();
  }

  #follows(followed: Followed): boolean {
    return this.#followed.get(followed.name) === followed;
  }

  /** The addresses of a family that did not answer stay as they were. */
  #take(followed: Followed, heard: readonly FamilyAnswer[]): void {
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

  /** Logs each kind of trouble once, and its end. */
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
