/**
 * What travels between the edge, the inbox thread and the handlers' thread.
 *
 * Bodies travel packed: one buffer for a whole batch, transferred, never cloned; each item says where its own begins and
 * ends. A Buffer inside a message would be cloned one by one, and a view of a large one as the whole of it.
 */

import type {
  Arrival,
  Database,
  Delivery,
  Ending,
  InboxKnobs,
  Interrupted,
  Kept,
  Order,
  SecretUse,
  Settlement,
} from './contract.ts';
import type { StoredSource } from './stored-source.ts';
import type { CircuitChange } from './targets.ts';

export interface ThreadData {
  readonly database: Database;
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly knobs: InboxKnobs;
  /** Whether handlers run here: otherwise nothing is handed out, or taken over. */
  readonly dispatches: boolean;
}

export interface Packed<T> {
  readonly items: readonly (Omit<T, 'body'> & { readonly end: number })[];
  readonly bytes: ArrayBuffer;
}

/** Edge → inbox thread. */
export type Request =
  | { readonly kind: 'arrivals'; readonly id: number; readonly batch: Packed<Arrival> }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call };

export type Call =
  | { readonly name: 'status' | 'pause' | 'close' }
  | { readonly name: 'recover'; readonly ending: Ending }
  | { readonly name: 'order'; readonly order: Order }
  | { readonly name: 'noteUses'; readonly uses: readonly SecretUse[] }
  | { readonly name: 'purge'; readonly eventsBefore: number; readonly keysBefore: number };

/**
 * Inbox thread → edge. One `kept` or `failed` for each batch of arrivals, under its id. `lost`: others may have taken over
 * what is out, so whatever handles it must end. `interrupted`: what another replica left behind when it died, and has been
 * settled. `circuit`: a target's circuit breaker has opened or closed.
 */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'kept'; readonly id: number; readonly kept: readonly Kept[] }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'writes'; readonly taken: boolean; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'interrupted'; readonly interrupted: readonly Interrupted[] }
  | ({ readonly kind: 'circuit' } & CircuitChange)
  | { readonly kind: 'answer'; readonly id: number; readonly answer?: unknown; readonly error?: string };

/** Handlers' thread → inbox thread; back comes Packed<Delivery>. */
export interface WorkRequest {
  readonly settled: readonly Settlement[];
  readonly grant: Readonly<Record<string, number>>;
}

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
  return { items: items as unknown as Packed<T>['items'], bytes: bytes.buffer };
}

export function unpack<T extends Arrival | Delivery>(packed: Packed<T>): T[] {
  let start = 0;
  return packed.items.map(({ end, ...rest }) => {
    const body = Buffer.from(packed.bytes, start, end - start);
    start = end;
    return { ...rest, body } as unknown as T;
  });
}
