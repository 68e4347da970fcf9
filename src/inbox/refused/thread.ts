/** The thread that keeps refused requests: started by client.ts, alone with its file. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from '../../base/thread-calls.ts';
import type { RefusedLimits, RefusedRequest } from './client.ts';
import { openRefused, type PushedOut, type PutAside, RefusedStore } from './store.ts';

export interface RefusedThreadData {
  readonly path: string;
  readonly limits: RefusedLimits;
}

export interface RefusedCalls extends Pick<RefusedStore, 'next' | 'remove' | 'close'> {
  /** What was there before and could not be used, if anything. */
  putAside(): PutAside | undefined;
  /** Answers with how many had to make room. */
  keep(request: RefusedRequest): PushedOut;
}

const { path, limits } = workerData as RefusedThreadData;
const { database, putAside } = openRefused(path);
const requests = new RefusedStore(database, limits);

answerCalls<RefusedCalls>(parentPort as MessagePort, {
  putAside: () => putAside,
  keep: (request) => requests.keep([request], Date.now()),
  next: (source, after, most) => requests.next(source, after, most),
  remove: (number) => requests.remove(number),
  close: () => requests.close(),
});
