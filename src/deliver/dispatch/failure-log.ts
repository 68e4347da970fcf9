/**
 * The log of attempts that failed. A cause is logged whole once, and then summarised each minute for as long as it goes on: a
 * handler that fails on thousands of events must not fill a disk with what one line says. All of it is in `events show`.
 *
 * Kept by the dispatcher. What is remembered is bounded, and so are the lines: of one handler so many causes are logged whole in a
 * while, and more are counted together. The timer keeps no thread alive.
 */
import type { Log } from '../../base/log/log.ts';
import { iso, MINUTE_MS } from '../../base/times.ts';
import { spelled } from '../../base/words.ts';

export interface FailedAttempt {
  readonly handler: string;
  readonly cause: string;
  readonly outcome: string;
  /** What its line has beside that. */
  readonly fields: object;
  /** In one line. */
  readonly reason: string;
  readonly trace: readonly string[];
}

interface Repeated {
  readonly handler: string;
  /** Undefined where causes are counted together. */
  readonly cause: string | undefined;
  readonly reason: string;
  /** Since the last line about it. */
  counts: Map<string, number>;
  since: number;
  lastAt: number;
}

const SUMMARY_MS = MINUTE_MS;
/** A cause that was away for so long is news again. */
const FORGET_MS = 10 * MINUTE_MS;
const WHOLE_MAX = 50;

export class FailureLog {
  readonly #log: Log;
  readonly #repeated = new Map<string, Repeated>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  note({ handler, cause, outcome, fields, reason, trace }: FailedAttempt): void {
    const now = Date.now();
    // The end of an event is news, even after attempts that failed alike.
    const key = `${handler} ${cause} ${outcome === 'dead' ? 'dead' : ''}`;
    const known = this.#repeated.get(key);
    if (known) {
      this.#count(known, outcome, now);
      return;
    }
    const ofHandler = [...this.#repeated.values()].filter((one) => one.handler === handler);
    if (ofHandler.length >= WHOLE_MAX) {
      this.#count(this.#othersOf(handler, now), outcome, now);
      return;
    }
    this.#repeated.set(key, { handler, cause, reason, counts: new Map(), since: now, lastAt: now });
    this.#plan();
    const more = trace.length > 0 && { trace: trace.join('\n') };
    this.#log.warn({ handler, ...fields, outcome, reason, cause, ...more });
  }

  /** Says now what has been counted. */
  summarise(): void {
    const now = Date.now();
    for (const [key, repeated] of this.#repeated) {
      this.#say(repeated);
      repeated.counts = new Map();
      repeated.since = now;
      if (now - repeated.lastAt >= FORGET_MS) this.#repeated.delete(key);
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#repeated.size > 0) this.#plan();
  }

  #say({ handler, cause, reason, counts, since }: Repeated): void {
    const attempts = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (attempts === 0) return;
    const many = spelled(attempts, 'more attempt');
    const how = cause === undefined ? 'in other ways' : 'like this';
    const by = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
    const named = cause === undefined ? {} : { reason, cause };
    this.#log.warn(
      { handler, ...named, attempts, since: iso(since) },
      `${many} of ${handler} failed ${how} (${by}) since ${clockOf(since)}; see consignee events failures`,
    );
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => this.summarise(), SUMMARY_MS).unref();
  }

  #othersOf(handler: string, now: number): Repeated {
    const key = `${handler} others`;
    const others = this.#repeated.get(key);
    if (others) return others;
    const made: Repeated = {
      handler,
      cause: undefined,
      reason: '',
      counts: new Map(),
      since: now,
      lastAt: now,
    };
    this.#repeated.set(key, made);
    return made;
  }

  #count(repeated: Repeated, outcome: string, now: number): void {
    repeated.counts.set(outcome, (repeated.counts.get(outcome) ?? 0) + 1);
    repeated.lastAt = now;
  }
}

/** As in 16:04Z. */
function clockOf(at: number): string {
  return `${iso(at).slice(11, 16)}Z`;
}
