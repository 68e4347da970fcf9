/**
 * The ends of the inbox thread's ports: to the edge, and to the handlers' thread, which `Inbox.workPort` makes. The same for
 * every driver. What may be asked and told stands in messages.ts.
 */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { answerCalls, type CallHandlers } from '../base/thread-calls.ts';
import type { Arrival, Delivery, Work } from './contract.ts';
import {
  type FromInbox,
  type InboxCalls,
  type Packed,
  pack,
  type ToInbox,
  unpackArrivals,
  unpackDeliveries,
  type WorkRequest,
} from './messages.ts';

/** To be answered with `kept` or `failed` under its id. */
export interface ArrivalBatch {
  readonly id: number;
  readonly arrivals: readonly Arrival[];
}

const edge = parentPort as MessagePort;

/** Once the inbox is open: from here on the edge knows it, and is listened to. */
export function listenToEdge(take: (batch: ArrivalBatch) => void, calls: CallHandlers<InboxCalls>): void {
  edge.on('message', (message: ToInbox) => {
    // Calls come by the same port.
    if (message.kind === 'arrivals') take({ id: message.id, arrivals: unpackArrivals(message.batch) });
  });
  answerCalls<InboxCalls>(edge, calls);
}

export function tellEdge(message: FromInbox): void {
  edge.postMessage(message);
}

/** The handlers' thread's end. */
export function workThrough(port: MessagePort): Work {
  let hear: (packed: Packed<Delivery>) => void = () => {};
  port.on('message', (packed: Packed<Delivery>) => hear(packed));
  return {
    send: (settled, grant) => port.postMessage({ settled, grant } satisfies WorkRequest),
    onDeliveries: (listener) => {
      hear = (packed) => listener(unpackDeliveries(packed));
    },
    drain: () => hearNow(port, hear),
  };
}

/** Hears what has been sent, even if its message has not come up yet. */
function hearNow<Message>(port: MessagePort, hear: (message: Message) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) hear(next.message);
}

/** The inbox thread's end: of the newest handlers' thread, if there is one. */
export class HandlersPort {
  readonly #hear: (request: WorkRequest) => void;
  #port: MessagePort | undefined;

  constructor(hear: (request: WorkRequest) => void) {
    this.#hear = hear;
  }

  /** A new handlers' thread has come; what the one before it still had to say is not listened to any more. */
  adopt(port: MessagePort): void {
    this.close();
    this.#port = port;
    port.on('message', this.#hear);
  }

  /** What the handlers' thread has sent counts. */
  hearTheRest(): void {
    if (this.#port) hearNow(this.#port, this.#hear);
  }

  send(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return;
    const packed: Packed<Delivery> = pack(deliveries);
    this.#port?.postMessage(packed, [packed.bytes]);
  }

  close(): void {
    this.#port?.close();
  }
}
