/**
 * Arrivals on their way from the edge to the inbox thread. Part of client.ts.
 *
 * Those of one turn of the event loop travel together, at most a few batches at a time: while one is being synced the next
 * ones wait in the thread's queue, and everything else gathers here. An arrival that is not on disk by the deadline is given
 * up (the provider tries again; if it was written after all, that will be a duplicate).
 */
import { Rejection } from '../verify/verifier.ts';
import type { Arrival, Kept } from './contract.ts';
import { type FromInbox, type Packed, pack } from './messages.ts';

const BATCHES_OUT_MAX = 4;
/** With so many gathered and the thread idle, it need not wait for the rest of this turn of the loop. */
const EARLY_BATCH = 12;
const SWEEP_MS = 100;

interface Waiting {
  readonly arrival: Arrival;
  readonly until: number;
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: Error) => void;
  givenUp: boolean;
}

export class ArrivalBatches {
  readonly #deadlineMs: number;
  readonly #post: (id: number, batch: Packed<Arrival>) => boolean;
  readonly #out = new Map<number, Waiting[]>();
  readonly #sweep: NodeJS.Timeout;
  #gathered: Waiting[] = [];
  #lastBatch = 0;
  #flushPlanned = false;
  #lateSince = Number.POSITIVE_INFINITY;

  /** `post` answers whether there was a thread to post to. */
  constructor(deadlineMs: number, post: (id: number, batch: Packed<Arrival>) => boolean) {
    this.#deadlineMs = deadlineMs;
    this.#post = post;
    this.#sweep = setInterval(() => this.#giveUpLate(), SWEEP_MS).unref();
  }

  /** Whether one was given up so long ago, and none has been answered since. */
  isLateFor(ms: number): boolean {
    return performance.now() - this.#lateSince >= ms;
  }

  /** It is given up after `withinMs`, if that is sooner than the deadline of all. */
  keep(arrival: Arrival, withinMs = this.#deadlineMs): Promise<Kept> {
    return new Promise((resolve, reject) => {
      const until = performance.now() + Math.min(withinMs, this.#deadlineMs);
      this.#gathered.push({ arrival, until, resolve, reject, givenUp: false });
      if (this.#out.size === 0 && this.#gathered.length >= EARLY_BATCH) this.flush();
      if (this.#flushPlanned) return;
      this.#flushPlanned = true;
      setImmediate(() => {
        this.#flushPlanned = false;
        this.flush();
      });
    });
  }

  /** Without a thread everything stays gathered, for the next one. */
  flush(): void {
    while (this.#gathered.length > 0 && this.#out.size < BATCHES_OUT_MAX) {
      const waiting = this.#gathered.filter((one) => !one.givenUp);
      this.#gathered = waiting;
      if (waiting.length === 0) return;
      const id = ++this.#lastBatch;
      if (!this.#post(id, pack(waiting.map((one) => one.arrival)))) return;
      this.#gathered = [];
      this.#out.set(id, waiting);
    }
  }

  heed(reply: Extract<FromInbox, { kind: 'kept' | 'failed' }>): void {
    const waiting = this.#out.get(reply.id) ?? [];
    this.#out.delete(reply.id);
    this.#lateSince = Number.POSITIVE_INFINITY;
    for (const [at, one] of waiting.entries()) {
      if (reply.kind === 'kept') one.resolve(reply.kept[at] as Kept);
      else one.reject(new Rejection('inbox_failed', `the inbox could not take the event: ${reply.reason}`));
    }
    this.flush();
  }

  failAll(reason: string): void {
    for (const one of this.#all()) one.reject(new Rejection('inbox_failed', reason));
    this.#out.clear();
    this.#gathered = [];
    this.#lateSince = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #giveUpLate(): void {
    const now = performance.now();
    for (const one of this.#all()) {
      if (one.givenUp || one.until > now) continue;
      one.givenUp = true;
      this.#lateSince = Math.min(this.#lateSince, now);
      one.reject(new Rejection('inbox_slow'));
    }
  }

  #all(): Waiting[] {
    return [...this.#out.values(), this.#gathered].flat();
  }
}
