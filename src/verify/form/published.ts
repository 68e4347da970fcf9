/**
 * The public keys that providers publish: fetched when a request names one that is not known, and kept. The verifiers ask for
 * them; serve/rules.ts keeps them over reloads. A key that cannot be had is our trouble: `keys_unavailable`, a 503.
 *
 * A stranger may name any key. So only addresses of the form's own are asked, in each form one at a time and once a minute, with
 * success or without. Of certificates that were asked for meanwhile one is drawn for the next minute: first among the networks that
 * asked, then among the requests of that network. So who asks often, or for many, cannot keep out the one that the provider names.
 */
import { networkOf } from '../../base/address.ts';
import type { Log } from '../../base/log/log.ts';
import { HOUR_MS, MINUTE_MS } from '../../base/times.ts';
import { type Head, Rejection } from '../verifier.ts';
import { type FormKey, readFormKeys } from './key.ts';
import { type FetchText, fetchPublic } from './key-fetch.ts';
import type { PublicAlgorithm, PublishedKey } from './vocabulary.ts';

const PAUSE_MS = MINUTE_MS;
/** A key that is taken out of a set is refused after so long, from the second request on. */
const NAMED_FRESH_MS = HOUR_MS;
const CERTIFICATES_MOST = 32;
const NETWORKS_MOST = 1_024;
const WILD: Readonly<Record<string, { readonly sample: string; readonly matches: string }>> = {
  // A bucket of S3 may stand at sns.s3-us-west-2.amazonaws.com: no region begins so.
  '{region}': { sample: 'eu-west-1', matches: '[a-z]{2,4}(?:-[a-z]+)+-\\d{1,2}' },
  '{name}': { sample: 'a', matches: '[A-Za-z0-9-]+' },
};
const FOREIGN = 'the certificate that it names is not at an address of the provider’s';
const ADDRESS = /^https:\/\/(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::\d+)?\/[\w./-]*$/;

/** Matches the addresses that are meant, whole; undefined if these are not https:// addresses in full. */
export function addressPattern(address: unknown): RegExp | undefined {
  const parts = String(address).split(/(\{\w+\})/);
  const sample = parts.map((part) => WILD[part]?.sample ?? part).join('');
  if (!ADDRESS.test(sample) || URL.parse(sample)?.href !== sample) return undefined;
  return new RegExp(`^${parts.map((part) => WILD[part]?.matches ?? RegExp.escape(part)).join('')}$`);
}

interface Fetched {
  readonly text: string;
  readonly atMs: number;
  readonly keys: Map<PublicAlgorithm, readonly FormKey[]>;
}

/** What is known of one form's keys. */
interface Shelf {
  readonly patterns: readonly RegExp[];
  readonly fetched: Map<string, Fetched>;
  triedAtMs: number;
  pending?: { readonly address: string; readonly done: Promise<void> } | undefined;
  /** Of each network that has asked meanwhile: the address that is drawn so far, of so many requests. */
  readonly lots: Map<string, { drawn: string; requests: number }>;
}

interface PublishedOptions {
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Tests fetch from servers of their own. */
  readonly fetchText?: FetchText;
  readonly now?: () => number;
}

export class PublishedKeys {
  readonly #log: PublishedOptions['log'];
  readonly #fetchText: FetchText;
  readonly #now: () => number;
  readonly #shelves = new Map<string, Shelf>();

  constructor({ log, fetchText = fetchPublic, now = () => performance.now() }: PublishedOptions) {
    this.#log = log;
    this.#fetchText = fetchText;
    this.#now = now;
  }

  /**
   * The keys that a request may be signed with: none if the provider has no such key. `name` is the request's: a `kid`, or the
   * address of a certificate, which must be in its time when the request came. Never throws; rejects with Rejection:
   * `keys_unavailable`, or `signature_malformed` if that address is not the provider's.
   */
  find(
    published: PublishedKey,
    algorithm: PublicAlgorithm,
    name: string | undefined,
    { receivedAt, address: sender = '' }: Pick<Head, 'receivedAt' | 'address'>,
  ): readonly FormKey[] | Promise<readonly FormKey[]> {
    const shelf = this.#shelfOf(published);
    const isSet = 'jwks' in published;
    const address = isSet ? published.jwks : (name ?? '');
    if (!shelf.patterns.some((pattern) => pattern.test(address)))
      return Promise.reject(new Rejection('signature_malformed', FOREIGN));
    const kid = isSet ? name : undefined;
    const read = () => keysIn(shelf.fetched.get(address), algorithm, kid, receivedAt);
    const known = read();
    const fetched = shelf.fetched.get(address);
    const ageMs = fetched ? this.#now() - fetched.atMs : Number.POSITIVE_INFINITY;
    const isFresh =
      !isSet || ageMs < PAUSE_MS || (known.length > 0 && kid !== undefined && ageMs < NAMED_FRESH_MS);
    const isUnheardOf = kid !== undefined && known.length === 0;
    // It may have been published since, and that nobody looks is for our own sake.
    if (fetched && isFresh) return isUnheardOf ? askedTooOften(address) : known;
    const renewed = this.#fetch(shelf, address, algorithm, networkOf(sender)).then(read);
    if (known.length === 0) return renewed;
    // What was known goes on as long as nothing newer can be had.
    const atLeastKnown = renewed.catch(() => known);
    // A key without a name may be a new one that is not known yet, so one waits to see.
    return kid === undefined ? atLeastKnown : known;
  }

  #shelfOf(published: PublishedKey): Shelf {
    const key = JSON.stringify('jwks' in published ? published.jwks : published.at);
    let shelf = this.#shelves.get(key);
    if (!shelf) {
      const addresses = 'jwks' in published ? [published.jwks] : published.at;
      const patterns = addresses.flatMap((address) => addressPattern(address) ?? []);
      shelf = { patterns, fetched: new Map(), triedAtMs: Number.NEGATIVE_INFINITY, lots: new Map() };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  #fetch(shelf: Shelf, address: string, algorithm: PublicAlgorithm, network: string): Promise<void> {
    if (shelf.pending?.address === address) return shelf.pending.done;
    drawLot(shelf, address, network);
    if (shelf.pending || this.#now() - shelf.triedAtMs < PAUSE_MS) return askedTooOften(address);
    const lots = [...shelf.lots.values()];
    const { drawn } = lots[Math.floor(Math.random() * lots.length)] ?? { drawn: address };
    shelf.triedAtMs = this.#now();
    shelf.lots.clear();
    const done = this.#take(shelf, drawn, algorithm).finally(() => {
      shelf.pending = undefined;
    });
    shelf.pending = { address: drawn, done };
    if (drawn === address) return done;
    done.catch(() => {});
    return askedTooOften(address);
  }

  async #take({ fetched }: Shelf, address: string, algorithm: PublicAlgorithm): Promise<void> {
    const host = hostOf(address);
    try {
      const text = await this.#fetchText(address);
      const keys = readFormKeys({ algorithm }, text);
      if (keys.length === 0) throw new Error(`there is no key for ${algorithm}`);
      fetched.delete(address);
      fetched.set(address, { text, atMs: this.#now(), keys: new Map([[algorithm, keys]]) });
      const [oldest = ''] = fetched.keys();
      if (fetched.size > CERTIFICATES_MOST) fetched.delete(oldest);
      this.#log.info({ host, keys: keys.length }, 'public keys were fetched');
    } catch (error) {
      const { message: reason } = error as Error;
      this.#log.warn({ host, reason }, 'public keys cannot be fetched');
      throw new Rejection('keys_unavailable', `the key at ${host} cannot be fetched: ${reason}`);
    }
  }
}

function drawLot({ lots }: Shelf, address: string, network: string): void {
  const lot = lots.get(network) ?? { drawn: address, requests: 0 };
  if (Math.random() * ++lot.requests < 1) lot.drawn = address;
  if (lots.size < NETWORKS_MOST) lots.set(network, lot);
}

function keysIn(
  fetched: Fetched | undefined,
  algorithm: PublicAlgorithm,
  kid: string | undefined,
  receivedAt: number,
): readonly FormKey[] {
  if (!fetched) return [];
  let keys = fetched.keys.get(algorithm);
  if (!keys) {
    keys = readFormKeys({ algorithm }, fetched.text);
    fetched.keys.set(algorithm, keys);
  }
  return keys.filter(
    ({ kid: own, validMs: { from, to } = { from: -Infinity, to: Infinity } }) =>
      (kid === undefined || own === kid) && from <= receivedAt && receivedAt <= to,
  );
}

function askedTooOften(address: string): Promise<never> {
  const reason = `the key at ${hostOf(address)} is not asked for twice a minute`;
  return Promise.reject(new Rejection('keys_unavailable', reason));
}

function hostOf(address: string): string {
  return new URL(address).host;
}
