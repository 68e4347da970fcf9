/**
 * The edge's side of the refused requests: takes what it is given, unless too much of it comes at a time.
 *
 * Nobody waits for it, and it makes nobody wait: what does not fit (a flood, a slow disk, a full one) is dropped and
 * counted. Opened by receiver.ts; judged again by judging.ts. Commands read the file by themselves (reader.ts).
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../base/log/log.ts';
import { ThreadCalls } from '../../base/thread-calls.ts';
import { PushedOutLog } from './pushed-out.ts';
import type { RefusedLimits, RefusedRequest } from './request.ts';
import type { NumberedRequest } from './store.ts';
import type { RefusedCalls, RefusedThreadData } from './thread.ts';
import { TokenBuckets } from './token-bucket.ts';

/** More than the burst of one source: with that alone, a flood would leave no room for the others. */
const WAITING_MAX = 1_000;
/** The largest body that the buckets admit, and room for the heads. */
const WAITING_BYTES_MAX = 20 * 1_048_576;

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
        if (aside)
          log.error({ ...aside }, 'the file of refused requests could not be used and was put aside');
      },
      ({ message }: Error) => log.error({ reason: message }, 'refused requests cannot be kept'),
    );
  }

  keep(request: RefusedRequest): void {
    const bytes = heldBytesOf(request);
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

function heldBytesOf({ body, headers, credentials }: RefusedRequest): number {
  return body.length + headers.length + credentials.length;
}
