/**
 * The edge's side of the refused requests: takes what it is given, unless too much of it comes at a time.
 *
 * Nobody waits for it, and it makes nobody wait: what does not fit (a flood, a slow disk, a full one) is dropped and
 * counted. Opened by receiver.ts; judged again by judging.ts. Commands read the file by themselves (reader.ts).
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../base/log/log.ts';
import { ThreadCalls } from '../../base/thread-calls.ts';
import type { Arrival } from '../contract.ts';
import type { NumberedRequest, PushedOut } from './store.ts';
import type { RefusedCalls, RefusedThreadData } from './thread.ts';
import { TokenBuckets } from './token-bucket.ts';

/** Requests that were deleted for newer ones are told of so seldom. */
const SAY_EVERY_MS = 60_000;
/** More than the burst of one source: with that alone, a flood would leave no room for the others. */
const WAITING_MAX = 1_000;
/** The largest body that the buckets admit, and room for the heads. */
const WAITING_BYTES_MAX = 20 * 1_048_576;

/** A request that failed a check, kept with all that is needed to check it again. */
export interface RefusedRequest extends Omit<Arrival, 'evidence'> {
  /** The `ref_…` of the answer. */
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  /** A JSON list of names and values by turns: the headers that signatures and bearer tokens came in. Never shown. */
  readonly credentials: string;
  /** Digest of the query token, if there was exactly one. */
  readonly tokenDigest?: Buffer;
}

/** For each source. */
export interface RefusedLimits {
  /** Of bodies, headers and all else that is kept. */
  readonly bytesMax: number;
  readonly days: number;
}

export class RefusedClient {
  readonly #log: Log;
  readonly #calls: ThreadCalls<RefusedCalls>;
  readonly #buckets = new TokenBuckets();
  readonly #pushedOut: PushedOutLog;
  #waiting = 0;
  #waitingBytes = 0;
  #dropped = 0;
  #isFailing = false;

  constructor(path: string, limits: RefusedLimits, log: Log) {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { path, limits } satisfies RefusedThreadData,
      name: 'refused',
    });
    this.#log = log;
    this.#pushedOut = new PushedOutLog(log);
    this.#calls = new ThreadCalls(worker, 'the thread of refused requests');
    this.#calls.ask('putAside').then(
      (aside) => {
        if (!aside) return;
        log.error({ ...aside }, 'the file of refused requests could not be used and was put aside');
      },
      ({ message }: Error) => log.error({ reason: message }, 'refused requests cannot be kept'),
    );
  }

  keep(request: RefusedRequest): void {
    const { body, headers, credentials } = request;
    const bytes = body.length + headers.length + credentials.length;
    if (!this.#hasRoomFor(request, bytes)) {
      this.#dropped++;
      return;
    }
    this.#waiting++;
    this.#waitingBytes += bytes;
    this.#write(request).finally(() => {
      this.#waiting--;
      this.#waitingBytes -= bytes;
    });
  }

  /** What has been given to `keep` before is there to be found. */
  async next(source: string, after: number, most: number): Promise<NumberedRequest[]> {
    return await this.#calls.ask('next', source, after, most);
  }

  async remove(number: number): Promise<void> {
    await this.#calls.ask('remove', number);
  }

  /** How many were not kept because too many came, or could not be written. */
  dropped(): number {
    return this.#dropped;
  }

  async close(): Promise<void> {
    await this.#calls.ask('close').catch(() => {});
    this.#pushedOut.close();
  }

  #hasRoomFor({ source, body }: RefusedRequest, bytes: number): boolean {
    if (this.#waiting >= WAITING_MAX || this.#waitingBytes + bytes > WAITING_BYTES_MAX) return false;
    return this.#buckets.admit(source, body.length, performance.now());
  }

  async #write(request: RefusedRequest): Promise<void> {
    try {
      this.#pushedOut.note(await this.#calls.ask('keep', request));
      this.#isFailing = false;
    } catch (error) {
      this.#dropped++;
      const reason = (error as Error).message;
      if (!this.#isFailing) this.#log.warn({ reason }, 'refused requests cannot be kept at present');
      this.#isFailing = true;
    }
  }
}

/**
 * Says in the log how many refused requests of a source were deleted for newer ones: the first at once, the others
 * together, once a minute at most.
 */
export class PushedOutLog {
  readonly #log: Log;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  note(pushedOut: PushedOut): void {
    for (const [source, count] of pushedOut) {
      this.#counts.set(source, (this.#counts.get(source) ?? 0) + count);
    }
    if (!this.#timer) this.#say();
  }

  /** Says what has not been said yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#say();
    clearTimeout(this.#timer);
  }

  #say(): void {
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    for (const [source, count] of this.#counts) {
      this.#log.warn({ source, count }, 'refused requests were deleted, since newer ones need their room');
    }
    this.#counts.clear();
    this.#timer = setTimeout(() => this.#say(), SAY_EVERY_MS).unref();
  }
}
