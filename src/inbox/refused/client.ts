/**
 * The edge's side of the refused requests: takes what it is given, unless too much of it comes at a time.
 *
 * Nobody waits for it, and it makes nobody wait: what does not fit (a flood, a slow disk, a full one) is dropped and
 * counted. Opened by work.ts; judged again by judging.ts. Commands read the file by themselves (reader.ts).
 */
import { Worker } from 'node:worker_threads';
import { networkOf } from '../../base/address.ts';
import type { Log } from '../../base/log/log.ts';
import { ThreadCalls } from '../../base/thread-calls.ts';
import type { Arrival } from '../contract.ts';
import { type Losses, LossLog, type LossReason } from './losses.ts';
import type { RefusedChoice } from './reader.ts';
import type { NumberedRequest } from './rows.ts';
import type { ProvenNetwork } from './store.ts';
import type { RefusedCalls, RefusedThreadData } from './thread.ts';
import { TokenBuckets } from './token-bucket.ts';

/** More than the bursts of one source: with those alone, a flood would leave no room for the others. */
const WAITING_MAX = 2_048;
const WAITING_BYTES_MAX = 64 * 1_048_576;
/** So much of both is open to strangers. */
const STRANGERS_SHARE = 1 / 2;

export const DISCARD_STEP = 200;

/** A request that failed a check, kept with all that is needed to check it again. */
export interface RefusedRequest extends Omit<Arrival, 'evidence'> {
  /** The `ref_…` of the answer. */
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  /** The schemes with secrets that were enforced when it came, as in `token,hmac`. */
  readonly enforced: string;
  /** A JSON list of names and values by turns: the headers that signatures and bearer tokens came in. Never shown. */
  readonly credentials: string;
  /** Of its query the digest of the body, as in `bodySHA256=…`, if the provider signs by one; nothing else is kept of it. */
  readonly query?: string;
  /** Digest of the query token, if there was exactly one. */
  readonly tokenDigest?: Buffer;
}

export interface RefusedLimits {
  /** For each source; of bodies, headers and all else that is kept. */
  readonly bytesMax: number;
  readonly bytesMaxOfAll: number;
  readonly days: number;
}

export class RefusedClient {
  readonly #log: Log;
  readonly #limits: RefusedLimits;
  readonly #calls: ThreadCalls<RefusedCalls>;
  readonly #buckets = new TokenBuckets();
  readonly #losses: LossLog;
  #waiting = 0;
  #waitingBytes = 0;
  #isFailing = false;

  constructor(path: string, limits: RefusedLimits, log: Log) {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { path, limits } satisfies RefusedThreadData,
      name: 'refused',
    });
    this.#log = log;
    this.#limits = limits;
    this.#losses = new LossLog(log, (news) => this.#writeLosses(news));
    this.#calls = new ThreadCalls(worker, 'the thread of refused requests');
    this.#calls.ask('putAside').then(
      (aside) => {
        if (!aside) return;
        log.error({ ...aside }, 'the file of refused requests could not be used and was put aside');
      },
      ({ message }: Error) => log.error({ reason: message }, 'refused requests cannot be kept'),
    );
  }

  /** `isProven`: an event of its source was accepted from its address before. */
  keep(request: RefusedRequest, isProven: boolean): void {
    const { source, address, body, headers, credentials } = request;
    const bytes = body.length + headers.length + credentials.length;
    const sender = { source, network: networkOf(address), isProven };
    const isAdmitted =
      bytes <= this.#limits.bytesMax &&
      this.#hasRoom(bytes, isProven) &&
      this.#buckets.admit(sender, bytes, performance.now());
    if (!isAdmitted) {
      this.lose(source, 'flood');
      return;
    }
    this.#waiting++;
    this.#waitingBytes += bytes;
    this.#write(request).finally(() => {
      this.#waiting--;
      this.#waitingBytes -= bytes;
    });
  }

  /** One that was to be kept cannot be. */
  lose(source: string, why: LossReason): void {
    this.#losses.note(source, why, 1);
  }

  /** What has been given to `keep` before is there to be found. */
  async next(source: string, after: number, most: number): Promise<NumberedRequest[]> {
    return await this.#calls.ask('next', source, after, most);
  }

  async newest(source: string): Promise<number> {
    return await this.#calls.ask('newest', source);
  }

  async remove(number: number): Promise<void> {
    await this.#calls.ask('remove', number);
  }

  /** Removes all that a person means, in steps, between which there is time for what is refused meanwhile. */
  async discard(choice: RefusedChoice): Promise<number> {
    let discarded = 0;
    for (let step = DISCARD_STEP; step === DISCARD_STEP; discarded += step) {
      step = await this.#calls.ask('discard', choice, DISCARD_STEP);
    }
    return discarded;
  }

  /** What of it there is to look at: for pages. */
  get reading(): Pick<ThreadCalls<RefusedCalls>, 'ask'> {
    return this.#calls;
  }

  /** Remembers it over restarts. */
  prove(network: ProvenNetwork): void {
    this.#calls.ask('prove', network).catch(() => {});
  }

  /** All that is remembered; nothing if it cannot be read. */
  async proven(): Promise<readonly ProvenNetwork[]> {
    return await this.#calls.ask('proven').catch(() => []);
  }

  /** How many are not kept, or not any more, since the start. */
  losses(): readonly Losses[] {
    return this.#losses.all();
  }

  async close(): Promise<void> {
    this.#losses.close();
    await this.#calls.ask('close').catch(() => {});
    // What had to make room at last has not been said yet.
    this.#losses.close();
    await this.#calls.gone();
  }

  #hasRoom(bytes: number, isProven: boolean): boolean {
    if (this.#waiting === 0) return true;
    const share = isProven ? 1 : STRANGERS_SHARE;
    return this.#waiting < share * WAITING_MAX && this.#waitingBytes + bytes <= share * WAITING_BYTES_MAX;
  }

  async #write(request: RefusedRequest): Promise<void> {
    try {
      const pushedOut = await this.#calls.ask('keep', request);
      for (const [source, count] of pushedOut) this.#losses.note(source, 'pushed_out', count);
      this.#isFailing = false;
    } catch (error) {
      this.lose(request.source, 'unwritten');
      const reason = (error as Error).message;
      if (!this.#isFailing) this.#log.warn({ reason }, 'refused requests cannot be kept at present');
      this.#isFailing = true;
    }
  }

  /** What was pushed out the store has counted as it went. */
  #writeLosses({ source, why, count }: Losses): void {
    if (why !== 'pushed_out') this.#calls.ask('lose', source, why, count).catch(() => {});
  }
}
