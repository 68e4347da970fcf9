/**
 * The thread that keeps refused requests: started by client.ts, alone with its file. What is past its days goes before anything
 * is asked, and then by itself, whether or not anything comes.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from '../../base/thread-calls.ts';
import { DAY_MS, MINUTE_MS } from '../../base/times.ts';
import type { RefusedLimits, RefusedRequest } from './client.ts';
import { forgetAside, openRefused, type PutAside } from './file.ts';
import type { LossReason } from './losses.ts';
import {
  type LostGroup,
  type RefusedChoice,
  type RefusedDetails,
  type RefusedFailures,
  type RefusedFilter,
  RefusedReader,
  type RefusedSummary,
} from './reader.ts';
import { type NumberedRequest, requestWithId } from './rows.ts';
import { type PushedOut, RefusedStore } from './store.ts';

const TIDY_EVERY_MS = MINUTE_MS;

export interface RefusedThreadData {
  readonly path: string;
  readonly limits: RefusedLimits;
}

export interface RefusedCalls
  extends Pick<RefusedStore, 'next' | 'newest' | 'remove' | 'discard' | 'prove' | 'proven' | 'close'> {
  /** What was there before and could not be used, if anything. */
  putAside(): PutAside | undefined;
  /** Answers with how many had to make room. */
  keep(request: RefusedRequest): PushedOut;
  lose(source: string, why: LossReason, count: number): void;
  /** For pages: what RefusedReader answers. */
  failures(filter: RefusedFilter): RefusedFailures;
  latest(source: string | undefined, limit: number): RefusedSummary[];
  details(id: string): RefusedDetails | undefined;
  lost(source: string | undefined): LostGroup[];
  count(choice: RefusedChoice): number;
  /** With its credentials, to be judged. */
  request(id: string): NumberedRequest | undefined;
}

const { path, limits } = workerData as RefusedThreadData;
const { database, putAside } = openRefused(path);
const requests = new RefusedStore(database, limits);
const reader = new RefusedReader(database);
const STEP_MS = 5 * MINUTE_MS;
const stepMs = requests.clockStepMs();
/** A clock that was put ahead while no service ran makes nothing older either, as long as the machine runs. */
const startedAt = Date.now() - performance.now() - (stepMs > STEP_MS ? stepMs : 0);

/** A clock that is put ahead while the service runs makes nothing older. */
function now(): number {
  return Math.floor(Math.min(Date.now(), startedAt + performance.now()));
}

function tidy(): void {
  try {
    requests.purge(now());
    requests.wipeRemains();
    forgetAside(path, now() - limits.days * DAY_MS);
  } catch {
    // A disk that refuses says so when something is to be kept; and the next time comes.
  }
}

tidy();
const tidying = setInterval(tidy, TIDY_EVERY_MS).unref();

answerCalls<RefusedCalls>(parentPort as MessagePort, {
  putAside: () => putAside,
  keep: (request) => requests.keep([request], now()),
  next: (source, after, most) => requests.next(source, after, most),
  newest: (source) => requests.newest(source),
  remove: (number) => requests.remove(number),
  discard: (choice, most) => requests.discard(choice, most),
  prove: (network) => requests.prove(network),
  proven: () => requests.proven(),
  lose: (source, why, count) => requests.lose(source, why, count, now()),
  failures: (filter) => reader.failures(filter),
  latest: (source, limit) => reader.list(source, limit),
  details: (id) => reader.show(id),
  lost: (source) => reader.losses(source),
  count: (choice) => reader.count(choice),
  request: (id) => requestWithId(database, id),
  close() {
    clearInterval(tidying);
    requests.close();
  },
});
