/**
 * What ended while attempts were running, and how each of them was settled then. Said by the supervisor of the handlers'
 * threads, decided by retry.ts.
 */
import type { AttemptKey, Delivery } from './contract.ts';
import type { AttemptOutcome } from './event-states.ts';

export interface Ending {
  readonly ended: 'process' | 'handlers' | 'inbox';
  readonly reason: string;
  /** Only what ran in this thread has ended. Everything, if left out. */
  readonly thread?: number;
  /** It goes on with so many that have begun in it: only what came to it after those has ended. */
  readonly begun?: number;
  /** The attempt that is known to have brought its thread down: it alone counts. */
  readonly guilty?: Pick<AttemptKey, 'event' | 'handler'>;
}

/** A thread that events can be handed to, beside others. Of each handler the thread that was named last gets them. */
export interface ThreadShare {
  readonly thread: number;
  readonly handlers: readonly string[];
}

/** An attempt whose thread or process ended under it, as it was settled. */
export interface Interrupted extends Pick<Delivery, 'id' | 'handler' | 'attempt'> {
  readonly outcome: AttemptOutcome;
  readonly reason: string;
}
