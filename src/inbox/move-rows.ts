/** The rows of an inbox on their way from one kind of database to the other: from sqlite/export.ts to postgres/import.ts. */
import type { ActionRow } from './action-steps.ts';
import type { StoredAction } from './actions.ts';
import type { Arrival } from './contract.ts';
import type { WorkState } from './event-states.ts';
import type { Content } from './identity.ts';
import type { EventState } from './newest.ts';
import type { AttemptRow } from './summary.ts';

type Read = Pick<Content, 'identity' | 'digest' | 'type' | 'externalId' | 'isJson'>;

export interface MovedEvent extends Omit<Arrival, 'body'>, Read {
  readonly number: number;
  readonly held: string | null;
  /** Null once it is purged. */
  readonly body: Buffer | null;
}

export type MovedAttempt = AttemptRow & { readonly event: number };

export interface MovedWork {
  readonly event: number;
  readonly handler: string;
  readonly state: WorkState;
  readonly attempts: number;
  readonly due: number;
  readonly alone: boolean;
  readonly behind: boolean;
  readonly thing: Buffer | null;
  readonly cause: string | null;
  readonly since: number | null;
  /** Of an item, or of a list that is being split; null of a whole event. */
  readonly batch: number | null;
  readonly itemAt: number | null;
  readonly itemLength: number | null;
}

/** An event that has items, and the last number of one. */
export interface MovedList {
  readonly event: number;
  readonly last: number;
}

/** As it stands in the table `actions`, but for its number. */
export type MovedAction = Omit<StoredAction, 'id'> & Pick<ActionRow, 'upTo' | 'cursor'>;

/** Some events in the order of their numbers, and all that is known of them. */
export interface MovedBatch {
  readonly events: readonly MovedEvent[];
  readonly lists: readonly MovedList[];
  readonly attempts: readonly MovedAttempt[];
  readonly work: readonly MovedWork[];
  readonly newest: readonly EventState[];
}

/** The facts about an event that must be the same on both sides. */
export interface Mark {
  readonly number: number;
  readonly digest: Buffer;
  readonly isPurged: boolean;
  /** The numbers of its rows, and those of its items, in `attempts`, `work` and `newest`. */
  readonly attempts: number;
  readonly work: number;
  readonly states: number;
}
