/** The inbox as commands see it: from beside the running service, read-only, never in its way. Opened by a driver. */
import type { Proof } from '../verify/verifier.ts';
import type { SecretUse } from './contract.ts';
import type { StateName } from './event-states.ts';

export interface EventSummary {
  readonly number: number;
  readonly id: string;
  readonly receivedAt: string;
  readonly source: string;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly bytes: number | null;
  readonly held: string | null;
  readonly handlers: readonly HandlerState[];
}

export interface HandlerState {
  readonly handler: string;
  readonly state: StateName;
  readonly attempts: number;
  /** For `pending`, when it is due. */
  readonly due: string | null;
}

export interface AttemptRecord {
  readonly handler: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly ms: number;
  readonly outcome: string;
  readonly error: string | null;
  /** What the handler recorded: `503` or `exit 1`, and the beginning of what the other side said. */
  readonly status: string | null;
  readonly output: string | null;
}

export interface EventDetails extends EventSummary {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: Buffer | null;
  readonly attempts: readonly AttemptRecord[];
}

/** An event past its retention, of which only that is left by which its duplicates are known. */
export interface PurgedEvent {
  readonly number: number;
  readonly id: string;
  /** The time that its number stands for. */
  readonly receivedAt: string;
  readonly purged: true;
}

/** The proofs with which an event passed its checks. */
export interface EventProofs {
  readonly number: number;
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  readonly proofs: readonly Proof[];
}

export interface EventEvidence extends EventProofs {
  /** SHA-256 of the bytes as they were stored. */
  readonly digest: Buffer;
  readonly body: Buffer;
}

export interface Filter {
  readonly source?: string;
  readonly type?: string;
  readonly state?: string;
  readonly after?: number;
  /** Numbers that are left out. */
  readonly except?: readonly number[];
  readonly limit: number;
  readonly oldestFirst?: boolean;
}

export interface InboxReader {
  /** An event may come to light so long after one with a higher number. */
  readonly lateMs: number;
  /** The inbox's own name. */
  id(): Promise<string>;
  list(filter: Filter): Promise<EventSummary[]>;
  show(number: number): Promise<EventDetails | PurgedEvent | undefined>;
  /** The live secrets that have proved requests, by fingerprint. */
  secretUses(): Promise<SecretUse[]>;
  /** Everything with which an event's bytes and signature can be checked again; undefined once it is purged. */
  evidence(number: number): Promise<EventEvidence | undefined>;
  /** Newest first, without those that are purged. */
  proofs(numbers: readonly number[]): Promise<EventProofs[]>;
  /** Numbers behind one, in order, of events that have a body. */
  numbers(after: number, limit: number): Promise<number[]>;
  /** The highest number; 0 if there is none. */
  newest(): Promise<number>;
  close(): Promise<void>;
}
