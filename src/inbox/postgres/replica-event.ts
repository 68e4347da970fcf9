/** What the parts of a replica tell the thread that owns them (thread.ts): the only way up. */
import type { Delivery } from '../contract.ts';
import type { FromInbox } from '../messages.ts';
import type { Notice } from './notifier.ts';

export type ReplicaEvent =
  /** For the edge. */
  | FromInbox
  /** For the handlers. */
  | { readonly kind: 'deliveries'; readonly deliveries: readonly Delivery[] }
  /** Something new waits for these handlers, here or in other replicas. */
  | { readonly kind: 'waiting'; readonly handlers: ReadonlySet<string> }
  /** Something may wait that was not to be had before. */
  | { readonly kind: 'handOut' }
  /** Another replica has sent a notice. */
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** A statement has failed: can the database be written to? */
  | { readonly kind: 'error'; readonly error: Error }
  /** The database takes writes, or takes them again. */
  | { readonly kind: 'open' }
  | { readonly kind: 'shut'; readonly reason: string };

export type Tell = (event: ReplicaEvent) => void;
