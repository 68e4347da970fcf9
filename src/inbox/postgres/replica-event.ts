/** What the parts of a replica tell its thread: the only way up in the tree that thread.ts draws. */
import type { Delivery } from '../contract.ts';
import type { FromInbox } from '../messages.ts';

export const NOTICES = ['actions', 'circuits', 'members', 'pauses', 'work'] as const;
export type Notice = (typeof NOTICES)[number];

/** What takes longer than this is late. */
export const LATE_MS = 1_600;

export type ReplicaEvent =
  /** For the edge. */
  | FromInbox
  /** For the handlers. */
  | { readonly kind: 'deliveries'; readonly deliveries: readonly Delivery[] }
  /** Something new waits for these handlers, here or in other replicas. */
  | { readonly kind: 'waiting'; readonly handlers: ReadonlySet<string> }
  /** Another replica has sent a notice. */
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** A statement has failed: can the database be written to? */
  | { readonly kind: 'error'; readonly error: Error }
  /** A statement takes longer than it should: does anything come through? */
  | { readonly kind: 'late' }
  /** The database takes writes, or takes them again. */
  | { readonly kind: 'open' }
  | { readonly kind: 'shut'; readonly reason: string };

export type Tell = (event: ReplicaEvent) => void;
