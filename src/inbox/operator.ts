/**
 * What a person may have done to the inbox. Asked of the running service by its console, or carried out by a command where no
 * service runs that would have to be asked: both through this, so that there is one way to do each of it.
 */
import type { Order } from './contract.ts';
import type { PauseOrder, PauseResult } from './pauses.ts';

/** Each rejects, having changed nothing, if it makes no sense. */
export interface OperatorCalls {
  /** Answers with how many deliveries changed. */
  order(order: Order): Promise<number>;
  orderPause(order: PauseOrder): Promise<PauseResult>;
}

/** For a command, beside the replicas or in place of the service. */
export interface InboxWriter extends OperatorCalls {
  close(): Promise<void>;
}
