/**
 * An end for what is asked of Google. Its libraries pass their `timeout` to node-fetch 3, which knows none, and take no
 * signal: a server that never answers would be awaited forever, and its connection kept.
 *
 * So the waiting ends here, and the requests that were begun meanwhile are ended with it: Node tells of each request in a
 * diagnostics channel, in the asynchronous context of whoever began it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const ends = new AsyncLocalStorage<AbortSignal>();
let isSubscribed = false;

/** Aborts in `timeoutMs`, or when one of the signals does. */
export function endIn(timeoutMs: number, ...signals: readonly AbortSignal[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), ...signals]);
}

/** What `work` comes to, unless the signal aborts first: then rejects with its reason. */
export async function withinDeadline<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!isSubscribed) subscribe('http.client.request.start', endWithItsWork);
  isSubscribed = true;
  signal.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([ends.run(signal, work), ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function endWithItsWork(message: unknown): void {
  const signal = ends.getStore();
  if (!signal) return;
  const { request } = message as { request: ClientRequest };
  const end = () => request.destroy();
  signal.addEventListener('abort', end);
  request.once('close', () => signal.removeEventListener('abort', end));
}
