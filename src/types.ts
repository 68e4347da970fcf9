/**
 * The nouns of Consignee: with errors.ts and inbox-contract.ts the only place where the rooms meet.
 *
 * A request is a Head until its bytes are read; verified and stored it is an event; one run of a handler on it is an
 * attempt.
 */

import type { Problem } from './errors.ts';

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

/** Whose state an event tells (all members of `of` together), and the time of that state (the first of `at`). */
export interface StateShape {
  readonly of: readonly MemberPath[];
  readonly at: readonly MemberPath[];
}

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
  /** Where an event says which thing's state it tells, and as of when; for `latest`. */
  readonly state?: StateShape;
  /** A top-level member that is a credential: cut out of what is stored, logged and handed on. */
  readonly cut?: string;
  readonly bodyLimitBytes: number;
  /** How long the provider may be kept waiting for a `reply`, from the moment its request came in. */
  readonly replyWithinMs: number;
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
  /** Stands for the query of a request that was kept, and is judged again. */
  readonly tokenDigest?: Buffer;
}

/** How a request passed a check: kept with the event as evidence. */
export interface Proof {
  readonly scheme: Scheme;
  /** Fingerprint of the secret that matched. */
  readonly secret?: string;
  /** Header and algorithm of an HMAC. */
  readonly form?: string;
  /** The header's value, so that the MAC can be checked again. Never shown. */
  readonly signature?: string;
  /** The check is only observed, and it failed: enforced, it would have refused with this code. */
  readonly wouldRefuse?: string;
}

/** What is left to check once the body is here. Throws Rejection. */
export type BodyCheck = (body: Buffer) => Proof;

/** Checks the head, throws Rejection, and returns the proof, or what is left to check on the body. */
export type Verifier = (head: Head) => Proof | BodyCheck | Promise<Proof | BodyCheck>;

/** A request that failed a check, kept with all that is needed to check it again. */
export interface RefusedRequest {
  /** The `ref_…` of the answer. */
  readonly id: string;
  readonly source: string;
  readonly receivedAt: number;
  readonly code: string;
  readonly reason: string;
  readonly address: string;
  /** A JSON object, authentication already removed: what would be kept with the event. */
  readonly headers: string;
  /** A JSON list of names and values by turns: the headers that signatures and bearer tokens came in. Never shown. */
  readonly credentials: string;
  /** Digest of the query token, if there was exactly one. */
  readonly tokenDigest?: Buffer;
  readonly body: Buffer;
}

/** For each source. */
export interface RefusedLimits {
  /** Of bodies, headers and all else that is kept. */
  readonly bytesMax: number;
  readonly days: number;
}

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
  /** The body parsed as JSON; undefined for a body that is not JSON. Typed by provider in src/sources/events. */
  // biome-ignore lint/suspicious/noExplicitAny: a provider's JSON has no type we could vouch for
  readonly data: any;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface HandlerContext {
  /** Aborts at the handler's time limit and when the service stops. Pass it to `fetch` and friends. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** What `events show` will say of this attempt; the last word counts. */
  record(result: AttemptResult): void;
}

/** What came of an attempt, for people to read: redacted and cut short before it is stored. */
export interface AttemptResult {
  /** A word or number, as in `503` or `exit 1`. */
  readonly status?: string | number;
  /** The other side's answer, or what a program printed. */
  readonly output?: string;
}

/**
 * Return: done. Throw: retried. Throw one of errors.ts to say more: Discard, RetryLater, Declined, Unavailable.
 * Written as a method, so that a function of one provider's typed events is a handler too.
 */
export type Handle<Event = WebhookEvent> = {
  handle(event: Event, context: HandlerContext): Promise<void> | void;
}['handle'];

/** What the provider gets as the body of its 200, as JSON; undefined for Consignee's own. */
export type Reply<Event = WebhookEvent> = {
  reply(event: Event, context: HandlerContext): unknown;
}['reply'];

export interface HandlerLimits {
  readonly timeLimitMs: number;
  /** How many events may be with this handler (or its target) at the same time. */
  readonly concurrency: number;
  /** After so many counted attempts the event is dead for this handler. */
  readonly maxAttempts: number;
}

export interface HandlerOptions extends Partial<HandlerLimits> {
  readonly handle: Handle;
  /** Only events of these types, `*` standing for any run of characters. Events without a type match none. */
  readonly types?: readonly string[];
  /** Only in these of the sources that wire it. */
  readonly sources?: readonly string[];
  /** Attempts that may begin in a second, evenly spread; fractions are allowed. */
  readonly ratePerSecond?: number;
  /** Handlers with one target share concurrency, rate and rest. Its own name if left out. */
  readonly target?: string;
  /** Only the newest state of each thing; see handlers/latest.ts. `preset`: the provider's own members. */
  readonly latest?: StateShape | 'preset';
  /** Environment variables that it reads by itself, so that they are not taken for misspelt settings of a source. */
  readonly settings?: readonly string[];
  /** What keeps it from working, found when it was built; listed at boot with everything else. */
  readonly problems?: readonly Problem[];
  /** Prepares the other side when `consignee setup` asks for it; answers with what was done. */
  readonly setUp?: () => Promise<string>;
}

/** A preset mounted under a name, with its handlers by name: one entry of config/sources.ts. */
export interface SourceWiring {
  readonly preset: Preset;
  /** Path `/webhooks/<name>`, settings `<NAME>_…`. The preset's own name if left out. */
  readonly name?: string;
  readonly handlers: Readonly<Record<string, Handle | HandlerOptions>>;
  /** Runs once the event is on disk, within the preset's `replyWithinMs`; its value is the body of the 200. */
  readonly reply?: Reply;
}

/** The knobs of config/service.ts. */
export interface ServiceKnobs {
  readonly bytesInFlightMax: number;
  readonly inboxDeadlineMs: number;
  readonly inboxCacheMb: number;
  readonly postgres: PostgresKnobs;
  readonly retryAfterSeconds: number;
  readonly timestampToleranceSeconds: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly shutdownGraceMs: number;
  /** What is kept of refused requests, for each source; oldest out first. */
  readonly refused: RefusedLimits;
  readonly handler: HandlerLimits;
  readonly backoff: { readonly baseMs: number; readonly capMs: number };
  /** After so many failures of a target in a row it rests, longer each time; then one attempt tries it. */
  readonly circuit: { readonly failures: number; readonly restMs: number; readonly restMaxMs: number };
  /** Keys for duplicate detection are kept so long, or RETENTION_DAYS if that is longer. */
  readonly identityDays: number;
  readonly alarms: AlarmKnobs;
}

/** How a replica uses PostgreSQL. */
export interface PostgresKnobs {
  /** Connections of one replica at the most. */
  readonly connections: number;
  /** The database ends what takes longer; half a second later the connection is given up. */
  readonly statementMs: number;
  /** What a replica was handling when it was killed is taken over by another within this time. */
  readonly leaseMs: number;
  /** Events of so many days lie together and are purged as a whole; 0: each for itself. */
  readonly partitionDays: number;
}

/** When people are told that something is wrong. */
export interface AlarmKnobs {
  readonly lookMs: number;
  readonly repeatMs: number;
  /** An alarm is over when what it was about has stayed away for so long. */
  readonly calmMs: number;
  /** How far back refusals are looked at. */
  readonly windowMs: number;
  /** Of a source's requests, 0 to 1. */
  readonly refusalRatio: number;
  readonly refusalsLeast: number;
  readonly backlogAgeMs: number;
  readonly diskFreeMb: number;
  readonly clockSkewMs: number;
  /** How many times its worst silence a source may be silent. */
  readonly silenceFactor: number;
}

/** Where alarms go beside the log; any of the secrets proves them. */
export interface AlarmTarget {
  readonly url: string;
  /** The value of `webhook-signature` of Standard Webhooks, by every live secret. */
  readonly sign: (id: string, seconds: number, body: Buffer) => string;
}

// ---------------------------------------------------------------------------------------------------
// Observability

export type Outcome = 'accepted' | 'duplicate' | 'held' | 'refused' | 'failed';

/** `answered`: the function's value went out. Otherwise Consignee's own body did. */
export type ReplyOutcome = 'answered' | 'none' | 'failed' | 'late';

/** Where rooms count. Labels come from the configuration and from closed lists, never from a sender. */
export interface Meter {
  request(source: string, outcome: Outcome, code: string, ms: number): void;
  attempt(handler: string, outcome: string, count: number): void;
  reply(source: string, outcome: ReplyOutcome): void;
  /** A request that passed this check, or would not have if it were enforced. */
  proof(source: string, proof: Proof): void;
}

/** The part of pino that the rooms use. */
export interface Log {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}
