/** The two ends of the port between the inbox thread and the handlers' thread, which `Inbox.workPort` makes. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Delivery, Work } from './contract.ts';
import { type Packed, pack, unpackDeliveries, type WorkRequest } from './messages.ts';

/** The handlers' thread's end. */
export function workThrough(port: MessagePort): Work {
  let hear: (packed: Packed<Delivery>) => void = () => {};
  port.on('message', (packed: Packed<Delivery>) => hear(packed));
  return {
    send: (settled, grant) => port.postMessage({ settled, grant } satisfies WorkRequest),
    onDeliveries: (listener) => {
      hear = (packed) => listener(unpackDeliveries(packed));
    },
    drain: () => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) hear(next.message);
    },
  };
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

  /** What the handlers' thread has sent counts, even if its message has not come up yet. */
  hearTheRest(): void {
    const port = this.#port;
    if (!port) return;
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
      this.#hear(next.message);
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
