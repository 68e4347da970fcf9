/** The handlers' thread's end of the port that `Inbox.workPort` made. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Delivery, Work } from '../inbox-contract.ts';
import { type Packed, unpack, type WorkRequest } from './messages.ts';

export function workThrough(port: MessagePort): Work {
  let hear: (packed: Packed<Delivery>) => void = () => {};
  port.on('message', (packed: Packed<Delivery>) => hear(packed));
  return {
    send: (settled, grant) => port.postMessage({ settled, grant } satisfies WorkRequest),
    onDeliveries: (listener) => {
      hear = (packed) => listener(unpack(packed));
    },
    drain: () => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) hear(next.message);
    },
  };
}
