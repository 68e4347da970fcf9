/**
 * Handing events out to this replica's handlers, and writing down how it went: one turn after the other, never two at once.
 *
 * A turn settles what is finished, then claims for handlers that have room. Handlers for which nothing is known to wait are
 * asked about once a second, in case a hint was missed. What must run alone is first reserved, so that only one replica
 * holds everything else back for it.
 */
import type pg from 'pg';
import type { Delivery, Route, Settlement } from '../contract.ts';
import type { Scheduler } from '../scheduler.ts';
import type { StoredSource } from '../stored-source.ts';
import { type Claimed, claim, claimSuspect, deliveryOf, reserveSuspect, type Suspect } from './claims.ts';
import type { Lease } from './lease.ts';
import { Loop } from './loop.ts';
import { settleAll } from './settle.ts';

/** So many at most for one handler at a time. */
const CLAIM_STEP = 100;
const POLL_MS = 1_000;
/** Settlements alone are not worth a sync of their own while events keep coming: nobody waits for them. */
const GATHER_MS = 4;
const BYTES_SCARCE = 32 * 1_048_576;

export interface HandOutOptions {
  readonly pool: pg.Pool;
  readonly lease: Lease;
  readonly scheduler: Scheduler;
  readonly sources: ReadonlyMap<string, StoredSource>;
  /** By handler. */
  readonly routes: ReadonlyMap<string, Route>;
  /** Full names of those that run here. */
  readonly handlers: readonly string[];
  readonly deliver: (deliveries: readonly Delivery[]) => void;
  /** A target is to be left in peace. */
  readonly onRest: (target: string, restMs: number) => void;
  readonly onError: (error: Error) => void;
}

export class HandOut {
  readonly #options: HandOutOptions;
  readonly #loop: Loop;
  #settled: Settlement[] = [];
  #polledAt = 0;
  #cut = false;
  #reserved: Suspect | undefined;
  #stopped = false;

  constructor(options: HandOutOptions) {
    this.#options = options;
    this.#loop = new Loop({
      take: () => this.#take(),
      nextMs: () => this.#nextMs(),
      onError: options.onError,
    });
  }

  /** The slot is free at once: whatever becomes of the statement, nothing runs in it any more. */
  settle(settled: readonly Settlement[]): void {
    for (const settlement of settled) this.#free(settlement);
    this.#settled.push(...settled);
    if (settled.length > 0) this.soon();
  }

  /** Whether it has been settled, and is not on disk yet. */
  isSettling(event: number, handler: string): boolean {
    return this.#settled.some((one) => one.event === event && one.handler === handler);
  }

  /** Something may wait for this handler, or for any. */
  expect(handlers: Iterable<string> = this.#options.handlers): void {
    for (const handler of handlers) this.#options.scheduler.expect(handler, 0);
    this.soon();
  }

  soon(): void {
    const isUrgent = this.#options.scheduler.isStarved(Date.now());
    this.#loop.plan(isUrgent ? 0 : Math.max(0, GATHER_MS - this.#loop.sinceLastMs));
  }

  /** Resolves when nothing is under way and every settlement is on disk, or cannot be brought there now. */
  async drain(): Promise<void> {
    await this.between(async () => {});
    for (let left = Number.POSITIVE_INFINITY; this.#settled.length > 0 && this.#settled.length < left; ) {
      left = this.#settled.length;
      await this.#loop.take();
    }
  }

  /** Runs with no turn under way. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.#loop.between(work);
  }

  stop(): void {
    this.#loop.stop();
    this.#stopped = true;
  }

  #nextMs(): number {
    const { scheduler, lease } = this.#options;
    // Without a place nothing can be settled, and in doubt nothing handed out.
    if (lease.id === undefined) return POLL_MS;
    if (this.#settled.length > 0) return scheduler.isStarved(Date.now()) ? 0 : GATHER_MS;
    if (lease.owner === undefined) return POLL_MS;
    const now = Date.now();
    const waitMs = Math.min(scheduler.nextDue(now) - now, POLL_MS);
    return waitMs <= 0 ? GATHER_MS : waitMs;
  }

  /** Settling and claiming wait for the same disk: they do so together. */
  async #take(): Promise<void> {
    // What must run alone is not to be missed.
    if (this.#settled.some(({ alone }) => alone)) await this.#settleAll();
    const ends = await Promise.allSettled([this.#settleAll(), this.#handOut()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #settleAll(): Promise<void> {
    const { pool, lease, scheduler } = this.#options;
    if (this.#settled.length === 0 || lease.id === undefined) return;
    const told = [...this.#settled];
    const heard = await settleAll(pool, lease.id, this.#options.routes, told);
    this.#settled.splice(0, told.length);
    for (const { handler, state, due, alone } of heard) {
      if (state === 'pending') scheduler.expect(alone ? undefined : handler, due);
    }
    if (this.#cut) for (const handler of this.#options.handlers) scheduler.expect(handler, 0);
    this.#cut = false;
  }

  #free({ handler, event, attempt, state, alone, restMs }: Settlement): void {
    const { scheduler } = this.#options;
    // A late word on an attempt that was given up: the slot may be the next attempt's already.
    if (scheduler.attemptOut(handler, event) !== attempt) return;
    scheduler.returnSlot(handler, event);
    scheduler.hear(handler, restMs, Date.now());
    if (restMs > 0) this.#options.onRest(scheduler.targetOf(handler), restMs);
    // Nothing new may begin beside it.
    if (state === 'pending' && alone) scheduler.expect(undefined, 0);
  }

  async #handOut(): Promise<void> {
    const { scheduler, lease } = this.#options;
    const { owner } = lease;
    if (owner === undefined || scheduler.isPaused || scheduler.isSolo) return;
    const now = performance.now();
    if (now - this.#polledAt >= POLL_MS) {
      this.#polledAt = now;
      for (const handler of this.#options.handlers) scheduler.expect(handler, 0);
      await this.#reserve(owner);
    }
    if (scheduler.aloneIsDue(Date.now())) await this.#handOutAlone(owner);
    else await this.#claim(owner);
  }

  /** One handler of each target that has room: those that share a target take turns. */
  async #claim(owner: number): Promise<void> {
    const { pool, scheduler } = this.#options;
    const now = Date.now();
    const wanted = new Map<string, number>();
    const targets = new Set<string>();
    for (const handler of scheduler.handlersWithWork(now)) {
      if (targets.has(scheduler.targetOf(handler))) continue;
      targets.add(scheduler.targetOf(handler));
      wanted.set(handler, Math.min(scheduler.room(handler, now), CLAIM_STEP));
    }
    if (wanted.size === 0) return;
    const { generation } = scheduler;
    const hold = (sign: 1 | -1) => {
      // Slots that were cleared meanwhile hold nothing any more.
      if (scheduler.generation === generation)
        for (const [handler, count] of wanted) scheduler.hold(handler, sign * count);
    };
    hold(1);
    // What comes in from now on says so itself.
    for (const handler of wanted.keys()) scheduler.expect(handler, now + POLL_MS, true);
    let rows: readonly Claimed[] | undefined;
    try {
      rows = await claim(pool, owner, wanted, scheduler.bytesLeft, scheduler.idle);
    } finally {
      hold(-1);
      this.#expectMore(wanted, rows);
    }
    this.#deliver(rows, owner, generation);
  }

  /** A handler that got less than it has room for had nothing more that was due. Without rows nobody knows. */
  #expectMore(wanted: ReadonlyMap<string, number>, rows: readonly Claimed[] | undefined): void {
    const { scheduler } = this.#options;
    const isScarce = !scheduler.idle && scheduler.bytesLeft < BYTES_SCARCE;
    for (const [handler, count] of wanted) {
      if (rows && rows.filter((row) => row.handler === handler).length < count) this.#cut ||= isScarce;
      else scheduler.expect(handler, 0);
    }
  }

  /** Not if others may have taken it over while the answer was under way: it stays owned, and is found there. */
  #deliver(rows: readonly Claimed[], owner: number, generation: number, alone = false): void {
    const { scheduler, lease } = this.#options;
    if (lease.owner !== owner || scheduler.generation !== generation) return;
    if (scheduler.isPaused || this.#stopped) return;
    for (const { handler, event, attempt, body } of rows) {
      scheduler.book(handler, event, body.length, Date.now(), alone, attempt);
    }
    if (rows.length > 0) this.#options.deliver(rows.map((row) => deliveryOf(this.#options.sources, row)));
  }

  /** Looks for something that must run alone, of a handler that has slots here. */
  async #reserve(owner: number): Promise<void> {
    const { pool, scheduler, handlers } = this.#options;
    if (this.#reserved) return;
    const able = handlers.filter((handler) => scheduler.slotsOf(handler) > 0);
    this.#reserved = await reserveSuspect(pool, owner, able);
    scheduler.expect(undefined, this.#reserved ? 0 : Number.POSITIVE_INFINITY, true);
  }

  async #handOutAlone(owner: number): Promise<void> {
    const { pool, scheduler } = this.#options;
    await this.#reserve(owner);
    if (!this.#reserved || !scheduler.idle) return;
    const { generation } = scheduler;
    const rows = await claimSuspect(
      pool,
      owner,
      this.#reserved,
      scheduler.slotsOf(this.#reserved.handler) > 0,
    );
    this.#reserved = undefined;
    scheduler.expect(undefined, Number.POSITIVE_INFINITY, true);
    this.#deliver(rows, owner, generation, true);
    // There may be another one.
    this.#polledAt = 0;
  }
}
