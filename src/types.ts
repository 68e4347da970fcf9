/**
 * The nouns of Consignee: the only place where the rooms meet.
 *
 * A request is a Head until its bytes are read; verified and stored it is an event; on its way to one
 * handler it is a Delivery; one run of that handler is an attempt, and how it went is a Settlement.
 */

export type Scheme = 'ip' | 'token' | 'hmac' | 'jwt';
export const SCHEMES: readonly Scheme[] = ['ip', 'token', 'hmac', 'jwt'];

// ---------------------------------------------------------------------------------------------------
// Presets: what we know about a provider, as data (src/sources)

/** One way in which a provider writes its HMAC into a header. */
export interface HmacForm {
  readonly header: string;
  /** `plain`: prefix + MAC over the body. `timestamped`: `t=<unix s>,v1=<MAC>` over `<t>.<body>`. */
  readonly layout: 'plain' | 'timestamped';
  readonly prefix: string;
  readonly algorithm: 'sha256' | 'sha1';
  readonly encoding: 'hex' | 'base64';
}

/** A path into the body, member by member: `['src', 'id']` is `body.src.id`. */
export type MemberPath = readonly string[];

export interface AddressList {
  readonly addresses: readonly string[];
  /** Where and when the provider published it. */
  readonly from: string;
  readonly asOf: string;
}

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** In order of strength: the first header that is present decides alone. SHA-1 forms must be allowed. */
  readonly hmac: readonly HmacForm[];
  /** The provider's own event id; the first path that holds one counts. None: the body's digest. */
  readonly id: readonly MemberPath[];
  readonly type: readonly MemberPath[];
  /** A top-level member that is a credential: cut out of what is stored, logged and handed on. */
  readonly cut?: string;
  readonly bodyLimitBytes: number;
  readonly addressLists: Readonly<Record<string, AddressList>>;
}

// ---------------------------------------------------------------------------------------------------
// Verification

/** What is known of a request before a byte of its body has been read. */
export interface Head {
  /** Milliseconds since 1970, on our clock. Verification asks no other clock. */
  readonly receivedAt: number;
  /** The client, in canonical form; undefined if the proxies' headers do not tell. */
  readonly address: string | undefined;
  /** What follows the first `?` of the request target, undecoded. */
  readonly query: string;
  /** Names and values by turns, as they arrived. */
  readonly rawHeaders: readonly string[];
}

/** What is left to check once the body is here. Throws Rejection. */
export type BodyCheck = (body: Buffer) => void;

/** Checks the head, throws Rejection, and returns what is left to check on the body, if anything. */
// biome-ignore lint/suspicious/noConfusingVoidType: a verifier without a body check simply returns
export type Verifier = (head: Head) => BodyCheck | void | Promise<BodyCheck>;

// ---------------------------------------------------------------------------------------------------
// Events and handlers

/** What a handler receives. `id` is stable over retries and replays: use it as the idempotency key. */
export interface WebhookEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string | null;
  /** The provider's own id, as text: exact beyond 2^53. */
  readonly externalId: string | null;
  readonly receivedAt: Date;
  /** Lower-case names; authentication removed. */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact bytes that were verified (for Flatfile without `_accessToken`). */
  readonly body: Buffer;
  /** The body parsed as JSON; undefined for a body that is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a provider's JSON has no type we could vouch for
  readonly data: any;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface HandlerContext {
  /** Aborts at the handler's time limit and when the service stops. Pass it to `fetch` and friends. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Return: done. Throw: retried. Throw `Discard`: never again. Throw `RetryLater`: later, not counted. */
export type Handle = (event: WebhookEvent, context: HandlerContext) => Promise<void> | void;

export interface HandlerOptions {
  readonly handle: Handle;
  readonly timeLimitMs?: number;
  /** How many events this handler may be given at the same time. */
  readonly concurrency?: number;
  /** After so many counted attempts the event is dead for this handler. */
  readonly maxAttempts?: number;
}

/** A preset mounted under a name, with its handlers by name: one entry of config/sources.ts. */
export interface SourceWiring {
  readonly preset: Preset;
  /** Path `/webhooks/<name>`, settings `<NAME>_…`. The preset's own name if left out. */
  readonly name?: string;
  readonly handlers: Readonly<Record<string, Handle | HandlerOptions>>;
}

/** The knobs of config/service.ts. */
export interface ServiceKnobs {
  readonly bytesInFlightMax: number;
  readonly inboxDeadlineMs: number;
  readonly inboxCacheMb: number;
  readonly retryAfterSeconds: number;
  readonly timestampToleranceSeconds: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly shutdownGraceMs: number;
  readonly handler: Required<Omit<HandlerOptions, 'handle'>>;
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
  /** Keys for duplicate detection are kept so long, or RETENTION_DAYS if that is longer. */
  readonly identityDays: number;
}

// ---------------------------------------------------------------------------------------------------
// The inbox

/** A verified request on its way to disk. */
export interface Arrival {
  readonly source: string;
  readonly receivedAt: number;
  readonly address: string;
  /** A JSON object, authentication already removed. */
  readonly headers: string;
  readonly body: Buffer;
}

export interface Kept {
  readonly outcome: 'accepted' | 'duplicate' | 'held';
  readonly id: string;
  /** Why it is held. */
  readonly reason?: string;
}

export type WorkState = 'pending' | 'handling' | 'dead' | 'held';

/** One event for one handler (`source/name`). `attempt` has been counted already. */
export interface Delivery {
  readonly event: number;
  readonly id: string;
  readonly handler: string;
  readonly attempt: number;
  readonly type: string | null;
  readonly externalId: string | null;
  readonly receivedAt: number;
  readonly headers: string;
  readonly body: Buffer;
}

export interface Settlement {
  readonly event: number;
  readonly handler: string;
  readonly attempt: number;
  readonly state: 'done' | 'discarded' | 'dead' | 'pending';
  /** For `pending`: when it is due, in milliseconds since 1970. */
  readonly due: number;
  /** A snoozed or innocent attempt does not count towards `maxAttempts`. */
  readonly counted: boolean;
  /** Run it with nothing beside it next time: it is suspected of having brought its thread down. */
  readonly alone: boolean;
  readonly startedAt: number;
  readonly ms: number;
  readonly error: string | null;
}

/** One word for how an attempt went, as in the log, the metrics and `events show`. */
export function outcomeOf({ state, counted }: Pick<Settlement, 'state' | 'counted'>): string {
  return state === 'pending' ? (counted ? 'retry' : 'later') : state;
}

/** An attempt whose thread or process ended under it. */
export type Interrupted = Pick<Delivery, 'event' | 'id' | 'handler' | 'attempt'>;

/** The postman's side of an inbox: slots are granted, deliveries come, settlements go back. */
export interface Work {
  /** `grant`: further free slots by handler. Settlements are retried by the inbox until they are on disk. */
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
}

/** What an operator may ask of events by hand; answers with the number of deliveries changed. */
export interface Order {
  readonly action: 'replay' | 'discard';
  readonly event: number;
  /** Only this handler (`source/name`); every handler of the event's source if left out. */
  readonly handler?: string;
}

/** Where events are kept before anyone acts on them. Every promise rejects if the disk refuses. */
export interface Inbox {
  /** Resolves when the event is on disk, synced. */
  keep(arrival: Arrival): Promise<Kept>;
  /** Whether the last write, or the last probe after a failed one, reached the disk. */
  takesWrites(): boolean;
  status(): Promise<InboxStatus>;
  order(order: Order): Promise<number>;
  /** One bounded step through what is past its retention; `more` until the end is reached. Times in ms since 1970. */
  purge(eventsBefore: number, keysBefore: number): Promise<{ removed: number; more: boolean }>;
  /** What was being handled when its thread ended; nothing is handed out until the slots are granted anew. */
  recover(): Promise<readonly Interrupted[]>;
  settle(settled: readonly Settlement[]): void;
  /** Hands nothing out any more; settlements are still taken. */
  pause(): Promise<void>;
  /** A transferable end for the handlers' thread. */
  workPort(): import('node:worker_threads').MessagePort;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------
// Observability

export type Outcome = 'accepted' | 'duplicate' | 'held' | 'refused' | 'failed';

/** Where rooms count. Labels come from the configuration and from closed lists, never from a sender. */
export interface Meter {
  request(source: string, outcome: Outcome, code: string, ms: number): void;
  attempt(handler: string, outcome: string, count: number): void;
}

/** The part of pino that the rooms use. */
export interface Log {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}
