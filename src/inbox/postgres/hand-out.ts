/**
 * Handing events out to this replica's handlers, and writing down how it went: one round after the other, never two at once.
 *
 * A round settles what is finished, then claims for handlers that have room. Handlers for which nothing is known to wait are
 * asked about once a second, in case a notice was missed.
 */
import type { Delivery, Route, Settlement } from '../contract.ts';
import { idInBatch } from '../event-id.ts';
import { readContent } from '../identity.ts';
import { namesOfItem } from '../items.ts';
import type { StoredSource } from '../stored-source.ts';
import { NUL_SYMBOL } from './binary-array.ts';
import { Causes } from './causes.ts';
import { type Claimed, Claims, type ClaimsOptions, POLL_MS } from './claims.ts';
import type { Lease } from './lease.ts';
import { Loop } from './loop.ts';
import type { Pauses } from './pauses.ts';
import type { Tell } from './replica-event.ts';
import { settleAll } from './settle.ts';
import { Splits } from './splits.ts';

/** Settlements alone are not worth a sync of their own while events keep coming: nobody waits for them. */
const GATHER_MS = 4;

interface HandOutOptions extends ClaimsOptions {
  readonly lease: Lease;
  readonly pauses: Pauses;
  readonly sources: ReadonlyMap<string, StoredSource>;
  /** By handler. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly tell: Tell;
}

export class HandOut {
  readonly #options: HandOutOptions;
  readonly #loop: Loop;
  readonly #claims: Claims;
  readonly #causes: Causes;
  readonly #splits: Splits;
  #settled: Settlement[] = [];
  #polledAt = 0;
  #stopped = false;

  constructor(options: HandOutOptions) {
    this.#options = options;
    this.#loop = new Loop({
      round: () => this.#round(),
      nextMs: () => this.#nextMs(),
      onError: (error) => options.tell({ kind: 'error', error }),
    });
    this.#claims = new Claims(options);
    this.#splits = new Splits(options.pool, options.routes);
    this.#causes = new Causes(options.pool, (error) => options.tell({ kind: 'error', error }));
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
    this.#splits.note();
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
      await this.#loop.run();
    }
  }

  /** Runs `work` with no round under way. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.#loop.between(work);
  }

  stop(): void {
    this.#loop.stop();
    this.#causes.stop();
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
    return waitMs <= 0 || this.#splits.isNeeded ? GATHER_MS : waitMs;
  }

  /** Settling and claiming wait for the same disk: they do so together. */
  async #round(): Promise<void> {
    // What must run alone is not to be missed.
    if (this.#settled.some(({ alone }) => alone)) await this.#settleAll();
    const ends = await Promise.allSettled([this.#settleAll(), this.#handOut()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #settleAll(): Promise<void> {
    const { pool, lease, scheduler } = this.#options;
    if (this.#settled.length === 0 || lease.id === undefined) return;
    const given = [...this.#settled];
    const counted = await settleAll(pool, lease.id, this.#options.routes, given);
    this.#causes.note(counted, lease.clock.inCommon(Date.now()));
    this.#settled.splice(0, given.length);
    for (const { handler, state, due, alone } of counted) {
      if (state === 'pending') scheduler.expect(alone ? undefined : handler, due);
    }
    this.#claims.lookAgainIfCut();
  }

  #free({ handler, event, attempt, state, alone, cut, unavailable }: Settlement): void {
    const { scheduler, circuits } = this.#options;
    // A late word on an attempt that was given up: the slot may be the next attempt's already.
    if (scheduler.attemptOut(handler, event) !== attempt) return;
    scheduler.returnSlot(handler, event);
    if (!cut) circuits.noteEnd(handler, unavailable);
    // Nothing new may begin beside it.
    if (state === 'pending' && alone) scheduler.expect(undefined, 0);
  }

  async #handOut(): Promise<void> {
    const { scheduler, lease, pauses } = this.#options;
    const { owner } = lease;
    if (owner === undefined || scheduler.isPaused || scheduler.isSolo) return;
    const now = performance.now();
    if (now - this.#polledAt >= POLL_MS) {
      this.#polledAt = now;
      await pauses.refresh();
      for (const handler of this.#options.handlers) scheduler.expect(handler, 0);
      this.#splits.note();
      await this.#claims.reserve(owner);
    }
    const split = await this.#splits.step();
    if (split !== undefined) scheduler.expect(split, 0);
    if (scheduler.aloneIsDue(Date.now())) await this.#handOutAlone(owner);
    else await this.#claims.take(owner, (rows, generation) => this.#deliver(rows, owner, generation));
  }

  /** Not if others may have taken it over while the answer was under way: it stays owned, and is found there. */
  #deliver(rows: readonly Claimed[], owner: number, generation: number, alone = false): void {
    const { scheduler, lease, tell } = this.#options;
    if (lease.owner !== owner || scheduler.generation !== generation) return;
    if (scheduler.isPaused || this.#stopped) return;
    for (const { handler, event, attempt, body } of rows) {
      scheduler.book(handler, event, body.length, Date.now(), alone, attempt);
    }
    if (rows.length > 0)
      tell({ kind: 'deliveries', deliveries: rows.map((row) => deliveryOf(this.#options, row)) });
  }

  async #handOutAlone(owner: number): Promise<void> {
    const { generation } = this.#options.scheduler;
    const rows = await this.#claims.takeAlone(owner);
    if (!rows) return;
    this.#deliver(rows, owner, generation, true);
    // There may be another one.
    this.#polledAt = 0;
  }
}

/** A type or id with a NUL is stored without it: the body has the exact one. */
function deliveryOf(
  { sources, routes }: Pick<HandOutOptions, 'sources' | 'routes'>,
  { source, batch, ...row }: Claimed,
): Delivery {
  const delivery = { ...row, id: idInBatch(row.event, batch) };
  if (batch != null) return { ...delivery, batch, ...namesOfItem(routes.get(row.handler)?.items, row.body) };
  const stored = sources.get(source);
  if (!stored || ![row.type, row.externalId].some((text) => text?.includes(NUL_SYMBOL))) return delivery;
  const { type, externalId } = readContent(source, stored.shape, row.body, row);
  return { ...delivery, type, externalId };
}
