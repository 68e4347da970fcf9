/** The thread that keeps refused requests: started by keeper.ts, alone with its file. Answers every question in order. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { RefusedLimits } from './request.ts';
import { openRefused, RefusedStore, type StoredRequest } from './store.ts';

export interface ThreadData {
  readonly path: string;
  readonly limits: RefusedLimits;
}

export type Question =
  | { readonly name: 'keep'; readonly requests: readonly StoredRequest[] }
  | { readonly name: 'next'; readonly source: string; readonly after: number; readonly most: number }
  | { readonly name: 'remove'; readonly number: number }
  | { readonly name: 'close' };

export type Answer = { readonly value: unknown } | { readonly error: string };

const edge = parentPort as MessagePort;
const { path, limits } = workerData as ThreadData;
const store = new RefusedStore(openRefused(path), limits);

edge.on('message', (question: Question) => {
  edge.postMessage(answerTo(question));
  if (question.name === 'close') edge.close();
});

function answerTo(question: Question): Answer {
  try {
    return { value: carryOut(question) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function carryOut(question: Question): unknown {
  switch (question.name) {
    case 'keep':
      return store.keep(question.requests, Date.now());
    case 'next':
      return store.next(question.source, question.after, question.most);
    case 'remove':
      return store.remove(question.number);
    case 'close':
      return store.close();
  }
}
