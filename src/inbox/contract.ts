/**
 * The inbox as the other rooms see it: what goes in, what comes out, what may be asked of it. Kept by every driver.
 *
 * A verified request is an Arrival; kept, it is an event. On its way to one handler it is a Delivery, and how an attempt
 * went is a Settlement.
 */
import type { Items } from '../verify/items-place.ts';
import type { StateShape } from '../verify/preset.ts';
import type { UnavailableTarget } from './circuit.ts';
import type { Counts } from './counts.ts';
import type { EndState, WorkState } from './event-states.ts';
import type { ThreadShare } from './handler-ports.ts';
import type { AlarmKeeper } from './kept-alarms.ts';
import type { OperatorCalls } from './operator.ts';
import type { PauseInForce } from './pauses.ts';
import type { Ending, Interrupted } from './retry.ts';

/** Where the inbox is. `place` is for people and logs, `host:port/database`: the URL has a password in it. */
export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly place: string };

export interface Arrival {
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  /** A JSON object, authentication already removed. */
  readonly headers: string;
  /** A JSON list of Proof: how it passed its checks. */
  readonly evidence: string;
  /** Digest of what the body says, if it was proven by that and not by its bytes. */
  readonly claims?: string;
  readonly body: Buffer;
}

export interface Kept {
  readonly outcome: 'accepted' | 'duplicate' | 'held';
  readonly id: string;
  readonly reason?: string;
  /** For the log, of one that is handed over all the same. */
  readonly warning?: string;
}

/** One event for one handler (`source/name`). `attempt` has been counted already. `batch`: of an item, the number of its event. */
export interface Delivery {
  readonly event: number;
  readonly batch?: number | null;
  readonly id: string;
  readonly handler: string;
  readonly attempt: number;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly receivedAt: number;
  readonly headers: string;
  readonly body: Buffer;
}

/** The source in a handler's full name, `source/handler`. */
export function sourceOf(handler: string): string {
  return handler.slice(0, handler.indexOf('/'));
}

export type AttemptKey = Pick<Delivery, 'event' | 'batch' | 'handler' | 'attempt'>;

export interface Settlement extends AttemptKey {
  readonly state: EndState | 'dead' | 'pending';
  /** For `pending`: when it is due, in milliseconds since 1970. */
  readonly due: number;
  /** A snoozed or innocent attempt does not count towards `maxAttempts`. */
  readonly counted: boolean;
  /** Run it with nothing beside it next time: it is suspected of having brought its thread down. */
  readonly alone: boolean;
  readonly unavailable?: UnavailableTarget;
  /** Its thread or process ended under it, which says nothing about its target. */
  readonly cut?: true;
  readonly startedAt: number;
  readonly ms: number;
  readonly error: string | null;
  /** Of a failure (cause.ts); without one the event keeps the cause that it has. */
  readonly cause?: string;
  /** What the handler recorded; short and redacted. */
  readonly status: string | null;
  readonly output: string | null;
}

/** What the inbox knows of a handler: which events it wants, and how they are handed to it. */
export interface Route {
  readonly handler: string;
  /** What it shares slots, rate and rest with; its full name if nothing. */
  readonly target: string;
  readonly types?: readonly string[];
  readonly ratePerSecond?: number;
  /** Counted attempts until an event is dead; the service's default if left out. */
  readonly maxAttempts?: number;
  readonly latest?: StateShape;
  /** It gets the items of a batch. */
  readonly items?: Items;
}

/** The supervisor's side of an inbox: slots are granted, deliveries come, settlements go back. */
export interface Work {
  /** `grant`: further free slots by target. Settlements are retried by the inbox until they are on disk. */
  send(settled: readonly Settlement[], grant: Readonly<Record<string, number>>): void;
  onDeliveries(listener: (deliveries: readonly Delivery[]) => void): void;
  /** Hears now what has been sent already. */
  drain(): void;
}

export interface Backlog {
  readonly handler: string;
  readonly state: WorkState;
  readonly count: number;
}

export interface InboxStatus {
  readonly inbox: string;
  readonly backlog: readonly Backlog[];
  /** Milliseconds since 1970 of the oldest pending event, if any. */
  readonly oldestPendingAt: number | null;
  /** How far this machine's clock is ahead of what the inbox knows, below 0 if behind. Left out if it is believed. */
  readonly clockDoubtMs?: number;
  /** Handlers whose target is down and gets nothing for a while, or just one event to try it. */
  readonly resting: readonly string[];
  /** When each of them is tried again, in milliseconds since 1970; left out if none rests. */
  readonly restsUntil?: Readonly<Record<string, number>>;
  /** What a person has paused. */
  readonly paused: readonly PauseInForce[];
}

/** The row of `meta` with the key of the fingerprints, as hexadecimal digits. */
export const FINGERPRINT_KEY = 'fingerprint key';

/** How often, and until when, a live secret has proved requests: of a source, under a scheme, in an HMAC's form. */
export interface SecretUse {
  readonly source: string;
  readonly scheme: string;
  /** Fingerprint of the secret, keyed. */
  readonly secret: string;
  /** Of an HMAC; empty otherwise. */
  readonly form: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/**
 * What is wrong with the files of an inbox while it is open. `gone`: they are not at their path any more, so that this process
 * alone has what is in them. `damaged`: SQLite met what it cannot read. Both end the intake. `failing`: the disk refused for a
 * moment, not long ago.
 */
export interface InboxTrouble {
  readonly kind: 'gone' | 'damaged' | 'failing';
  readonly reason: string;
}

/** Where events are kept before anyone acts on them. Every promise rejects if the disk refuses. */
export interface Inbox extends AlarmKeeper, OperatorCalls {
  /** Resolves when the event is on disk, synced. */
  keep(arrival: Arrival, withinMs?: number): Promise<Kept>;
  /** Whether the last write, or the last probe after a failed one, reached the disk. */
  takesWrites(): boolean;
  /** Undefined as long as nothing is known against it. */
  trouble(): InboxTrouble | undefined;
  /** Somebody else could not read the inbox, for this reason: it may be damaged. */
  doubt(reason: string): Promise<void>;
  /** A provider's signature has proved that the clock of this machine is right. */
  believeClock(): Promise<void>;
  /** Copies all that is in an SQLite inbox, wherever its files are by now, into an empty file of this process's user. */
  copyTo(path: string): Promise<void>;
  status(): Promise<InboxStatus>;
  /** The key of this inbox's fingerprints of secrets; replicas have it in common. */
  fingerprintKey(): Promise<string>;
  /** Adds to what is known of the secrets' use and to the tallies: all of it or nothing. */
  noteCounts(counts: Counts): Promise<void>;
  /**
   * One bounded step through what is past its retention; `more` until the end is reached. Finished events from before
   * `eventsBefore` lose their body and attempts, those from before `keysBefore` also the key by which duplicates are known.
   * An event that still has work, be it dead or held, stays whole. Times in ms since 1970. Rejects while the clock is in doubt.
   */
  purge(eventsBefore: number, keysBefore: number): Promise<{ removed: number; more: boolean }>;
  /**
   * Settles what was being handled (retry.ts). If all of it has ended, nothing is handed out until the slots are granted anew; if
   * one thread has, its slots are free again.
   */
  recover(ending: Ending): Promise<readonly Interrupted[]>;
  /** From now on these handlers' events go to that thread. */
  assignHandlers(share: ThreadShare): Promise<void>;
  /** What has been handed to a thread, and not been settled. One that has ended is given nothing more. */
  attemptsOut(thread: number, hasEnded: boolean): Promise<readonly AttemptKey[]>;
  /** Hands nothing out any more; settlements are still taken. */
  pause(): Promise<void>;
  /** A transferable end for a handlers' thread: one beside others, or without a share for all handlers. */
  workPort(share?: ThreadShare): import('node:worker_threads').MessagePort;
  close(): Promise<void>;
}
