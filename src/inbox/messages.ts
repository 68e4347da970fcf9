/**
 * What travels between the edge, the inbox thread and the handlers' thread for every event, packed; what the edge may ask; and
 * below, the ends of the inbox thread's ports, the same for every driver.
 *
 * Bodies travel packed: one buffer for a whole batch, transferred, never cloned; each item says where its own begins and
 * ends. A Buffer inside a message would be cloned one by one, and a view of a large one as the whole of it.
 */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { answerCalls, type CallHandlers } from '../base/thread-calls.ts';
import type { CircuitKnobs } from './circuit.ts';
import type { Arrival, Database, Delivery, Inbox, InboxTrouble, Kept, Settlement, Work } from './contract.ts';
import type { ThreadShare } from './handler-ports.ts';
import type { AlarmKeeper } from './kept-alarms.ts';
import type { OperatorCalls } from './operator.ts';
import type { Backoff, Interrupted } from './retry.ts';
import type { StoredSource } from './stored-source.ts';
import type { CircuitChange } from './targets.ts';

export interface InboxThreadData {
  readonly database: Database;
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly knobs: InboxKnobs;
  /** Whether handlers run here: otherwise nothing is handed out, or taken over. */
  readonly dispatches: boolean;
}

/** The knobs of config/service.ts that the inbox thread reads. What each means stands in serve/config/knobs.ts. */
export interface InboxKnobs {
  readonly inboxCacheMb: number;
  readonly postgres: {
    readonly connections: number;
    readonly statementMs: number;
    readonly leaseMs: number;
    readonly partitionDays: number;
  };
  /** What a handler gets unless its route says otherwise. */
  readonly handler: { readonly maxAttempts: number };
  readonly backoff: Backoff;
  readonly circuit: CircuitKnobs;
}

export interface Packed<T> {
  readonly items: readonly (Omit<T, 'body'> & { readonly end: number })[];
  readonly bytes: ArrayBuffer;
}

/** Edge → inbox thread, beside the calls: what every event brings about. */
export interface ToInbox {
  readonly kind: 'arrivals';
  readonly id: number;
  readonly batch: Packed<Arrival>;
}

/** What the edge asks of the inbox thread. */
export interface InboxCalls
  extends OperatorCalls,
    Pick<
      Inbox,
      | 'status'
      | 'fingerprintKey'
      | 'purge'
      | 'noteCounts'
      | 'recover'
      | 'assignHandlers'
      | 'attemptsOut'
      | 'pause'
      | 'doubt'
      | 'believeClock'
      | 'copyTo'
      | 'close'
      | keyof AlarmKeeper
    > {
  /** The inbox's end of a port to a new handlers' thread; see handler-ports.ts. */
  connectHandlers(port: MessagePort, share?: ThreadShare): void;
}

/**
 * Inbox thread → edge, beside the answers. One `kept` or `failed` for each batch of arrivals, under its id. `lost`: others may
 * have taken over what is out, so whatever handles it must end. `interrupted`: what another replica left behind when it died, and
 * has been settled. `circuit`: a target's circuit breaker has opened or closed. `waits`: the thread cannot open the inbox yet.
 */
export type FromInbox =
  | { readonly kind: 'kept'; readonly id: number; readonly kept: readonly Kept[] }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'writes'; readonly taken: boolean; readonly reason: string }
  | { readonly kind: 'trouble'; readonly trouble: InboxTrouble | undefined }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'waits'; readonly waitsFor: string }
  | { readonly kind: 'interrupted'; readonly interrupted: readonly Interrupted[] }
  | ({ readonly kind: 'circuit' } & CircuitChange);

/** Handlers' thread → inbox thread; back comes Packed<Delivery>. */
export interface WorkRequest {
  readonly settled: readonly Settlement[];
  readonly grant: Readonly<Record<string, number>>;
}

/** What is left of the bodies goes on, all of them in one piece. */
export function pack<T extends Arrival | Delivery>(list: readonly T[]): Packed<T> {
  let length = 0;
  for (const { body } of list) length += body.length;
  const bytes = new Uint8Array(length);
  let end = 0;
  const items = list.map(({ body, ...rest }) => {
    bytes.set(body, end);
    end += body.length;
    return { ...rest, end };
  });
  return { items, bytes: bytes.buffer };
}

function unpack<T extends { readonly end: number }>({
  items,
  bytes,
}: {
  items: readonly T[];
  bytes: ArrayBuffer;
}) {
  let start = 0;
  return items.map(({ end, ...rest }) => {
    const body = Buffer.from(bytes, start, end - start);
    start = end;
    return { ...rest, body };
  });
}

/** To be answered with `kept` or `failed` under its id. */
export interface ArrivalBatch {
  readonly id: number;
  readonly arrivals: readonly Arrival[];
}

const edge = parentPort as MessagePort;

/** Once the inbox is open: from here on the edge is listened to. */
export function listenToEdge(take: (batch: ArrivalBatch) => void, calls: CallHandlers<InboxCalls>): void {
  edge.on('message', (message: ToInbox) => {
    // Calls come by the same port.
    if (message.kind === 'arrivals') take({ id: message.id, arrivals: unpack(message.batch) });
  });
  answerCalls<InboxCalls>(edge, calls);
}

export function tellEdge(message: FromInbox): void {
  edge.postMessage(message);
}

export function workThrough(port: MessagePort): Work {
  let hear: (packed: Packed<Delivery>) => void = () => {};
  port.on('message', (packed: Packed<Delivery>) => hear(packed));
  return {
    send: (settled, grant) => port.postMessage({ settled, grant } satisfies WorkRequest),
    onDeliveries: (listener) => {
      hear = (packed) => listener(unpack(packed));
    },
    drain: () => hearNow(port, hear),
  };
}

/** Hears what has been sent, even if its message has not come up yet. */
export function hearNow<Message>(port: MessagePort, hear: (message: Message) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) hear(next.message);
}
