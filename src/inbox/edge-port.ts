/** The inbox thread's end of the port to the edge, the same for every driver. What may be asked stands in messages.ts. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls, type CallHandlers } from '../base/thread-calls.ts';
import type { Arrival } from './contract.ts';
import { type FromInbox, type InboxCalls, type ToInbox, unpackArrivals } from './messages.ts';

export interface EdgeListener {
  /** A batch, to be answered with `kept` or `failed` under its id. */
  arrivals(batch: { readonly id: number; readonly arrivals: readonly Arrival[] }): void;
}

const edge = parentPort as MessagePort;

/** Once the inbox is open: from here on the edge knows it, and is listened to. */
export function listenToEdge(listener: EdgeListener, calls: CallHandlers<InboxCalls>): void {
  edge.on('message', (message: ToInbox) => {
    // Calls come by the same port.
    if (message.kind !== 'arrivals') return;
    listener.arrivals({ id: message.id, arrivals: unpackArrivals(message.batch) });
  });
  answerCalls<InboxCalls>(edge, calls);
}

export function tellEdge(message: FromInbox): void {
  edge.postMessage(message);
}
