/**
 * The edge's side of the refused requests: takes what it is given, unless too much of it comes at a time.
 *
 * Nobody waits for it, and it makes nobody wait: what does not fit (a flood, a slow disk, a full one) is dropped and
 * counted. Opened by receiver.ts; read by `again.ts`, and by the commands past it.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../base/log/log.ts';
import { Gate } from './gate.ts';
import { type PushedOut, PushedOutLog } from './pushed-out.ts';
import type { RefusedLimits, RefusedRequest } from './request.ts';
import type { NumberedRequest } from './store.ts';
import type { Answer, Question, ThreadData } from './thread.ts';

const BATCH_MS = 100;
/** More than the burst of one source: with that alone, a flood would leave no room for the others. */
const WAITING_MAX = 1_000;
/** The largest body that the gate admits, and room for the heads. */
const WAITING_BYTES_MAX = 20 * 1_048_576;

export interface RefusedKeeper {
  keep(request: RefusedRequest): void;
  next(
    source: string,
    after: number,
    most: number,
  ): Promise<(RefusedRequest & { readonly number: number })[]>;
  remove(number: number): Promise<void>;
  /** How many were not kept because too many came. */
  dropped(): number;
  close(): Promise<void>;
}

export function openKeeper(path: string, limits: RefusedLimits, log: Log): RefusedKeeper {
  let worker: Worker | undefined = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { path, limits } satisfies ThreadData,
    name: 'refused',
  });
  const asked: { resolve: (value: never) => void; reject: (error: Error) => void }[] = [];
  let waiting: RefusedRequest[] = [];
  let waitingBytes = 0;
  const gate = new Gate();
  const pushedOutLog = new PushedOutLog(log);
  let dropped = 0;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  worker.on('message', (answer: Answer) => {
    const one = asked.shift();
    if ('error' in answer) one?.reject(new Error(answer.error));
    else one?.resolve(answer.value as never);
  });
  worker.on('error', (error: Error) => {
    log.error({ reason: error.message }, 'refused requests cannot be kept');
  });
  worker.on('exit', () => {
    worker = undefined;
    for (const { reject } of asked.splice(0)) reject(new Error('the thread of refused requests has ended'));
  });

  function ask<T>(question: Question): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!worker) return reject(new Error('refused requests cannot be kept'));
      asked.push({ resolve: resolve as (value: never) => void, reject });
      worker.postMessage(question);
    });
  }

  function hasRoomFor(request: RefusedRequest): boolean {
    if (waiting.length >= WAITING_MAX || waitingBytes + heldBytesOf(request) > WAITING_BYTES_MAX)
      return false;
    return gate.admits(request.source, request.body.length, performance.now());
  }

  function flush(): void {
    timer = undefined;
    const requests = waiting.slice();
    const bytes = waitingBytes;
    if (requests.length === 0) return;
    // What is on its way still counts as waiting: a disk that does not keep up must not fill the memory.
    const done = (error?: Error) => {
      if (error) dropped += requests.length;
      if (error && !failing)
        log.warn({ reason: error.message }, 'refused requests cannot be kept at present');
      failing = error !== undefined;
      waiting = waiting.slice(requests.length);
      waitingBytes -= bytes;
      if (waiting.length > 0) timer ??= setTimeout(flush, BATCH_MS);
    };
    send(requests).then(() => done(), done);
  }

  async function send(requests: readonly RefusedRequest[]): Promise<void> {
    pushedOutLog.note(await ask<PushedOut>({ name: 'keep', requests }));
  }

  return {
    keep(request) {
      if (!hasRoomFor(request)) {
        dropped++;
        return;
      }
      waiting.push(request);
      waitingBytes += heldBytesOf(request);
      if (waiting.length === 1) timer ??= setTimeout(flush, BATCH_MS);
    },
    async next(source, after, most) {
      // Questions are answered in order: what has come so far is there to be found.
      if (timer) {
        clearTimeout(timer);
        flush();
      }
      const step = await ask<NumberedRequest[]>({ name: 'next', source, after, most });
      return step.map(withBuffers);
    },
    remove: (number) => ask({ name: 'remove', number }),
    dropped: () => dropped,
    async close() {
      clearTimeout(timer);
      if (waiting.length > 0) await send(waiting).catch(() => {});
      await ask({ name: 'close' }).catch(() => {});
      pushedOutLog.close();
    },
  };
}

function heldBytesOf({ body, headers, credentials }: RefusedRequest): number {
  return body.length + headers.length + credentials.length;
}

/** What was sent as a Buffer arrives as a plain Uint8Array. */
function withBuffers({ body, tokenDigest, ...rest }: NumberedRequest) {
  return {
    ...rest,
    body: Buffer.from(body),
    ...(tokenDigest && { tokenDigest: Buffer.from(tokenDigest) }),
  };
}
