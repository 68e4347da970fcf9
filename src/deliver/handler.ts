/**
 * What users write against: a handler, what it is given beside the event, what it can throw to say more than "try again", its
 * options, and the wiring of a source.
 */
import type { Problem } from '../base/errors.ts';
import type { Log } from '../base/log/log.ts';
import type { WebhookEvent } from '../verify/event.ts';
import type { Items } from '../verify/items-place.ts';
import type { Preset, StateShape } from '../verify/preset.ts';

/** What a handler is given beside the event. */
export interface HandlerContext {
  /** Aborts at the handler's time limit and when the service stops. Pass it to `fetch` and friends. */
  readonly signal: AbortSignal;
  /** Its lines name the handler and the event by themselves. */
  readonly log: Log;
  /** The service runs with --dev: its log has no other readers, and may show what is in an event. */
  readonly development: boolean;
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
 * Return: done. Throw: retried. Throw one of these to say more: Discard, RetryLater, Declined, Unavailable.
 * Written as a method, so that a function of one provider's typed events is a handler too.
 */
export type Handle<Event = WebhookEvent> = {
  handle(event: Event, context: HandlerContext): Promise<void> | void;
}['handle'];

const OUTCOME = Symbol.for('consignee.outcome');

/**
 * What a handler throws to say more than "try again". Known by a brand and not by its class: a handler may import it from another
 * copy, or another version, of this package than the one that runs it.
 */
class Outcome extends Error {
  /** The brand of what was thrown. */
  declare readonly [OUTCOME]: string;
  /** By which its kind is known, whichever copy of the package it comes from. */
  static readonly brand: string = '';

  static override [Symbol.hasInstance](thrown: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that is asked for, which extends this one.
    return isOne(this, thrown);
  }
}

function isOne(asked: typeof Outcome, thrown: unknown): boolean {
  // A class of somebody's own that extends one of these is known as any class is.
  if (!Object.hasOwn(asked, 'brand')) return Function.prototype[Symbol.hasInstance].call(asked, thrown);
  return (thrown as Partial<Outcome> | null | undefined)?.[OUTCOME] === asked.brand;
}

/** Thrown by a handler: this event is not for me, now or ever. */
export class Discard extends Outcome {
  static override readonly brand = 'discard';
  override readonly [OUTCOME] = Discard.brand;

  constructor(reason: string) {
    super(reason);
    this.name = 'Discard';
  }
}

/** Thrown by a handler: try again in `delayMs` (at most 30 days); the attempt is not counted. */
export class RetryLater extends Outcome {
  static override readonly brand = 'retry-later';
  override readonly [OUTCOME] = RetryLater.brand;
  /** From now, in milliseconds. */
  readonly delayMs: number;

  constructor(delayMs: number, reason = 'the handler asked for a later attempt') {
    super(reason);
    this.name = 'RetryLater';
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new TypeError('RetryLater takes milliseconds, 0 or more');
    this.delayMs = delayMs;
  }
}

/** Thrown by a handler: the other side does not take this event, and hardly ever will. Dead after `maxAttempts` at most. */
export class Declined extends Outcome {
  static override readonly brand = 'declined';
  override readonly [OUTCOME] = Declined.brand;
  /** After so many attempts in all the event is dead for this handler. */
  readonly maxAttempts: number;

  constructor(reason: string, maxAttempts = 4) {
    super(reason);
    this.name = 'Declined';
    if (!Number.isInteger(maxAttempts) || maxAttempts < 1)
      throw new TypeError('Declined takes a number of attempts, 1 or more');
    this.maxAttempts = maxAttempts;
  }
}

/**
 * Thrown by a handler: the other side takes nothing at present, whatever the event. The attempt is counted and tried again;
 * several in a row, and the target rests. With `restMs` (it said when to come back) it rests at once, and the attempt is
 * not counted.
 */
export class Unavailable extends Outcome {
  static override readonly brand = 'unavailable';
  override readonly [OUTCOME] = Unavailable.brand;
  /** How long the target is to be left in peace, in milliseconds; undefined if it did not say. */
  readonly restMs: number | undefined;

  constructor(reason: string, restMs?: number) {
    super(reason);
    this.name = 'Unavailable';
    if (restMs !== undefined && !(restMs >= 0))
      throw new TypeError('Unavailable takes milliseconds, 0 or more');
    this.restMs = restMs;
  }
}

/** What the provider gets as the body of its 200, as JSON; undefined for Consignee's own. */
export type Reply<Event = WebhookEvent> = {
  reply(event: Event, context: HandlerContext): unknown;
}['reply'];

/** What is left out is taken from config/service.ts, or else from docs/knobs.md. */
export interface HandlerLimits {
  /** How long one attempt may take; then `signal` aborts, and the attempt has failed. */
  readonly timeLimitMs: number;
  /** How many events may be with this handler (or its target) at the same time. */
  readonly concurrency: number;
  /** After so many counted attempts the event is dead for this handler. */
  readonly maxAttempts: number;
}

/** A function with what holds for it: `{ handle, types, concurrency, … }`. What is wrong with it is listed at the start. */
export interface HandlerOptions extends Partial<HandlerLimits> {
  /** What is called for each event. */
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
  /** The items of a batch, one by one; see handlers/each.ts. `preset`: where the provider has them. */
  readonly each?: Items | 'preset';
  /** Environment variables that it reads by itself, so that they are not taken for misspelt settings of a source. */
  readonly settings?: readonly string[];
  /** What keeps it from working, found when it was built; listed at boot with everything else. */
  readonly problems?: readonly Problem[];
  /** Prepares the other side when `consignee setup` asks for it; answers with what was done. */
  readonly setUp?: () => Promise<string>;
}

/** A preset mounted under a name, with its handlers by name: one entry of config/sources.ts. */
export interface SourceWiring {
  /** Who sends, and how that is known. */
  readonly preset: Preset;
  /** Path `/webhooks/<name>`, settings `<NAME>_…`. The preset's own name if left out. */
  readonly name?: string;
  /** By names of your own, which logs and commands show. Each keeps its own state of every event. */
  readonly handlers: Readonly<Record<string, Handle | HandlerOptions>>;
  /** Names of headers to keep with its events beside the usual. None that carries a credential; a query is cut off. */
  readonly keepHeaders?: readonly string[];
  /** More values by which people look for events: `{ po: ['data.po_number'] }`, with `*` for each item of a list. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Runs once the event is on disk, within the preset's `replyWithinMs`; its value is the body of the 200. */
  readonly reply?: Reply;
}

/** The wiring, for config/sources.ts: gives back what it is given, so that an editor and the compiler know what belongs there. */
export function defineSources(sources: readonly SourceWiring[]): readonly SourceWiring[] {
  return sources;
}
