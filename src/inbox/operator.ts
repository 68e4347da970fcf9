/**
 * What a person may have done to the inbox. Asked of the running service by its console, or carried out by a command where no
 * service runs that would have to be asked: both through this, so that there is one way to do each of it.
 */
import type { ActionRecord, ActionWish, CountStep, NotedAction } from './actions.ts';
import type { Order } from './order.ts';
import type { PauseOrder, PauseResult } from './pauses.ts';

/** Each rejects, having changed nothing, if it makes no sense. */
export interface OperatorCalls {
  /** Answers with how many deliveries changed. */
  order(order: Order): Promise<number>;
  orderPause(order: PauseOrder): Promise<PauseResult>;
  /** The action is carried out step by step, from now on, also after a restart. */
  startAction(wish: ActionWish): Promise<ActionRecord>;
  /** For the record: what was done elsewhere. */
  noteAction(action: NotedAction): Promise<void>;
  /** What is changed already stays so. */
  cancelAction(id: number, who: string): Promise<ActionRecord>;
  /** The newest first. */
  actions(limit: number): Promise<readonly ActionRecord[]>;
  /** Counts on, behind this number (-1 for the first time), how many deliveries an action would change. */
  countStep(wish: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>, after: number): Promise<CountStep>;
}

/** For a command, beside the replicas or in place of the service. To look and to count it has a reader. */
export interface InboxWriter extends Omit<OperatorCalls, 'actions' | 'countStep'> {
  /**
   * One step of the actions that are under way, where this process may take it. `busy`: a replica is at it. `none`: there is
   * nothing to do, or not for this process.
   */
  stepAction(): Promise<'stepped' | 'busy' | 'none'>;
  close(): Promise<void>;
}
