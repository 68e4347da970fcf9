/**
 * Keeps this replica's place among the others: beats, looks for the dead, shares slots out, and says when its place is lost.
 *
 * Every beat: the beat is written; if the place was lost, a new one is taken. Then it looks around, and no beat waits for
 * that: it buries who has died; a replica that dispatches adopts what nobody living owns, gives back what it owns but never
 * handed out, and balances the slots.
 */
import type pg from 'pg';
import type { Interrupted } from '../contract.ts';
import { textList } from './binary-array.ts';
import type { Notifier } from './notifier.ts';
import type { Numbers } from './numbers.ts';
import { Ownership, type OwnershipOptions } from './ownership.ts';
import { balance } from './shares.ts';
import { NOW_MS } from './statements.ts';

/** A handler that was `latest` and is not any more: nobody would tell those behind that they are free. */
const FREE = `UPDATE work SET behind = false, thing = NULL WHERE handler = ANY ($1::text[]) AND thing IS NOT NULL`;

export interface MembershipOptions extends OwnershipOptions {
  readonly pool: pg.Pool;
  readonly numbers: Numbers;
  readonly notifier: Notifier;
  /** Handlers that want every event. */
  readonly notLatest: readonly string[];
  /** Others may take over what is being handled here: it must end. */
  readonly onLost: (reason: string) => void;
  readonly onError: (error: Error) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  /** Concurrency by target, as the handlers' thread has granted it. */
  readonly #granted = new Map<string, number>();
  readonly #ownership: Ownership;
  #beating: NodeJS.Timeout | undefined;
  #fence: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  /** Something has happened since the last beat began. */
  #isAsked = false;
  /** Something had happened when the last beat began, and the look around was an older one. */
  #looksAgain = false;
  #stopped = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#ownership = new Ownership(options);
  }

  async enter(): Promise<void> {
    const { pool, lease, numbers } = this.#options;
    await pool.query(FREE, [textList(this.#options.notLatest)]);
    const { slot, newest } = await lease.enter();
    numbers.begin(slot, newest);
    await this.tick();
  }

  grant(more: Readonly<Record<string, number>>): void {
    for (const [target, slots] of Object.entries(more)) {
      this.#granted.set(target, (this.#granted.get(target) ?? 0) + slots);
    }
    if (Object.keys(more).length > 0) this.soon();
  }

  forgetGrants(): void {
    this.#granted.clear();
  }

  soon(): void {
    this.#isAsked = true;
    this.#planBeat();
  }

  /** One beat, no look around. Rejects if the database does. */
  async tick(): Promise<void> {
    // One after the other, and each caller gets a beat that began after it asked.
    while (this.#ticking) await this.#ticking.catch(() => {});
    if (this.#stopped) return;
    this.#ticking = this.#tick();
    try {
      await this.#ticking;
    } finally {
      this.#ticking = undefined;
      this.#planBeat();
      this.#planFence();
    }
  }

  /** A target that takes nothing is left in peace by all. */
  tellRest(target: string, restMs: number): void {
    const { pool, lease, notifier } = this.#options;
    if (lease.members.length < 2) return;
    const text = `INSERT INTO rests VALUES ($1, ${NOW_MS} + $2::bigint)
      ON CONFLICT (target) DO UPDATE SET until = greatest(rests.until, excluded.until)`;
    pool.query({ name: 'rest', text, values: [target, restMs] }).then(
      () => notifier.notify('members'),
      () => {},
    );
  }

  /** The handlers' thread is gone: what it had, and what the dead have left. */
  async recover(): Promise<readonly Interrupted[]> {
    const { handOut, scheduler } = this.#options;
    return await handOut.between(async () => {
      this.forgetGrants();
      scheduler.clearSlots();
      return await this.#ownership.recover();
    });
  }

  async leave(): Promise<void> {
    this.stop();
    await this.#ticking?.catch(() => {});
    await this.#looking;
    await this.#ownership.giveBackStrays();
    await this.#options.lease.leave();
    await this.#options.notifier.notifyNow('members');
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#beating);
    clearTimeout(this.#fence);
  }

  async #beat(): Promise<void> {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    try {
      await this.tick();
      this.#look(isAsked);
    } catch (error) {
      this.#options.onError(error as Error);
    }
  }

  #planBeat(): void {
    clearTimeout(this.#beating);
    if (this.#stopped) return;
    const waitMs = this.#isAsked ? 0 : this.#options.lease.beatEveryMs;
    this.#beating = setTimeout(() => void this.#beat(), waitMs);
  }

  #planFence(): void {
    clearTimeout(this.#fence);
    if (this.#stopped) return;
    this.#fence = setTimeout(() => this.#lookAtFence(), Math.max(0, this.#options.lease.leftMs) + 1);
  }

  #lookAtFence(): void {
    if (this.#options.lease.owner !== undefined || this.#options.scheduler.idle) return;
    this.#lose('the database has been out of reach for too long');
  }

  #lose(reason: string): void {
    this.#ownership.suspend();
    this.forgetGrants();
    this.#options.scheduler.clearSlots();
    this.#options.onLost(reason);
  }

  async #tick(): Promise<void> {
    const { lease, numbers, scheduler, handOut } = this.#options;
    if (await lease.beat()) return;
    if (!scheduler.idle) this.#lose('this replica was taken for dead');
    // Its slots went with its old place.
    await handOut.between(async () => scheduler.clearSlots());
    const { slot, newest } = await lease.enter();
    numbers.begin(slot, newest);
    await lease.beat();
    this.soon();
  }

  /** One look at a time: a beat that comes during a long one leaves it at that, unless something has happened. */
  #look(isAsked: boolean): void {
    if (this.#stopped) return;
    if (this.#looking) {
      this.#looksAgain ||= isAsked;
      return;
    }
    this.#looking = this.#lookAround()
      .catch((error: Error) => this.#options.onError(error))
      .finally(() => {
        this.#looking = undefined;
        const looksAgain = this.#looksAgain;
        this.#looksAgain = false;
        if (looksAgain) this.#look(false);
      });
  }

  async #lookAround(): Promise<void> {
    const { lease, notifier } = this.#options;
    if (await lease.bury()) notifier.notify('members');
    if (!lease.members.some(({ id }) => id === lease.id)) return;
    await this.#ownership.adopt();
    await this.#ownership.giveBackStrays();
    if (lease.members.length > 1) await this.#hearRests();
    await this.#balance();
  }

  async #hearRests(): Promise<void> {
    const { pool, scheduler } = this.#options;
    const { rows } = await pool.query<{ target: string; ms: number }>({
      name: 'rests',
      text: `SELECT target, until - ${NOW_MS} AS ms FROM rests WHERE until > ${NOW_MS}`,
    });
    for (const { target, ms } of rows) scheduler.rest(target, ms, Date.now());
  }

  async #balance(): Promise<void> {
    const { pool, lease, scheduler, notifier, handOut } = this.#options;
    if (lease.id === undefined || this.#granted.size === 0) return;
    const wanted = new Map(this.#granted);
    const { generation } = scheduler;
    const resize = (target: string, slots: number) => {
      // Slots may have been cleared meanwhile: the next grant asks again.
      if (scheduler.generation !== generation) return;
      scheduler.resize(target, slots, slots / (wanted.get(target) as number), Date.now());
    };
    const claimant = { id: lease.id, wanted, outOf: (target: string) => scheduler.outOf(target), resize };
    if (!(await balance(pool, claimant, lease.members))) return;
    if (lease.members.length > 1) notifier.notify('members');
    handOut.expect();
  }
}
