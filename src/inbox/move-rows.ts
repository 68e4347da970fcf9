/** The rows of an inbox on their way from one kind of database to the other: from sqlite/export.ts to postgres/import.ts. */
import type { WorkState } from './event-states.ts';
import type { EventState } from './newest.ts';

export interface MovedEvent {
  readonly number: number;
  readonly receivedAt: number;
  readonly source: string;
  readonly identity: Buffer;
  readonly digest: Buffer;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly isJson: boolean;
  readonly held: string | null;
  readonly address: string;
  readonly headers: string;
  readonly evidence: string;
  /** Null once it is purged. */
  readonly body: Buffer | null;
}

export interface MovedAttempt {
  readonly event: number;
  readonly handler: string;
  readonly startedAt: number;
  readonly attempt: number;
  readonly ms: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly status: string | null;
  readonly output: string | null;
}

export interface MovedWork {
  readonly event: number;
  readonly handler: string;
  readonly state: WorkState;
  readonly attempts: number;
  readonly due: number;
  readonly alone: boolean;
  readonly behind: boolean;
  readonly thing: Buffer | null;
}

/** Some events in the order of their numbers, and all that is known of them. */
export interface MovedBatch {
  readonly events: readonly MovedEvent[];
  readonly attempts: readonly MovedAttempt[];
  readonly work: readonly MovedWork[];
  readonly newest: readonly EventState[];
}

/** The facts about an event that must be the same on both sides. */
export interface Mark {
  readonly number: number;
  readonly digest: Buffer;
  readonly isPurged: boolean;
  /** The numbers of its rows in `attempts`, `work` and `newest`. */
  readonly attempts: number;
  readonly work: number;
  readonly states: number;
}
