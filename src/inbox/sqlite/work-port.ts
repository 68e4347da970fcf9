/** The handlers' thread's end of the port that `Inbox.workPort` made. */
import type { MessagePort } from 'node:worker_threads';
import type { Delivery, Work } from '../../types.ts';
import { type Packed, unpack, type WorkRequest } from './messages.ts';

export function workThrough(port: MessagePort): Work {
  return {
    send: (settled, grant) => port.postMessage({ settled, grant } satisfies WorkRequest),
    onDeliveries: (listener) => port.on('message', (packed: Packed<Delivery>) => listener(unpack(packed))),
  };
}
