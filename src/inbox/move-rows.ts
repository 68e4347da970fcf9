/** The rows of an inbox on their way from one kind of database to the other: from sqlite/export.ts to postgres/import.ts. */
import type { WorkState } from './contract.ts';
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

/** What must be the same of an event on both sides. */
export interface Mark {
  readonly number: number;
  readonly digest: Buffer;
  readonly isPurged: boolean;
  /** How many rows there are on it, and of how many things it is the newest state. */
  readonly attempts: number;
  readonly work: number;
  readonly states: number;
}
