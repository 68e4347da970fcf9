/**
 * Keeps this replica among the others: writes heartbeats, looks for the dead, shares slots out, and says when the lease is lost.
 *
 * If the lease was lost, a new one is taken with the next heartbeat. After each heartbeat the replica looks around, and no
 * heartbeat waits for that: it removes who has died; if it dispatches it adopts what nobody living owns, gives back what it
 * owns but never handed out, learns which circuits are open, and balances the slots.
 */
import type { AttemptKey } from '../contract.ts';
import type { Ending, Interrupted } from '../retry.ts';
import { textList } from './binary-array.ts';
import type { Circuits } from './circuits.ts';
import type { Notifier } from './notifier.ts';
import { Ownership, type OwnershipOptions } from './ownership.ts';
import { LATE_MS, type Tell } from './replica-event.ts';
import { Shares } from './shares.ts';

/** A handler that was `latest` and is not any more: nobody would tell those behind that they are free. */
const FREE = `UPDATE work SET behind = false, thing = NULL WHERE handler = ANY ($1::text[]) AND thing IS NOT NULL`;

interface MembershipOptions extends OwnershipOptions {
  readonly notifier: Notifier;
  readonly circuits: Circuits;
  readonly tell: Tell;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #ownership: Ownership;
  readonly #shares = new Shares();
  #timer: NodeJS.Timeout | undefined;
  #fence: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  /** Something has happened since the last heartbeat began. */
  #isAsked = false;
  /** Something had happened when the last heartbeat began, and the look around was an older one. */
  #looksAgain = false;
  #stopped = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#ownership = new Ownership(options);
  }

  async enter(): Promise<void> {
    const { pool, rules } = this.#options;
    const notLatest = [...rules.routes.values()].filter(({ latest }) => !latest);
    await pool.query(FREE, [textList(notLatest.map(({ handler }) => handler))]);
    await this.#options.lease.enter();
    await this.heartbeat();
    await this.#options.circuits.refresh();
  }

  grant(more: Readonly<Record<string, number>>): void {
    this.#shares.grant(more);
    if (Object.keys(more).length > 0) this.soon();
  }

  forgetGrants(): void {
    this.#shares.forget();
  }

  /** Something has happened: the next heartbeat, and a look around, are due now. */
  soon(): void {
    this.#isAsked = true;
    this.#planHeartbeat();
  }

  /** One heartbeat, no look around. Rejects if the database does. */
  async heartbeat(): Promise<void> {
    // One after the other, and each caller gets a heartbeat that began after it asked.
    while (this.#beating) await this.#beating.catch(() => {});
    if (this.#stopped) return;
    this.#beating = this.#beat();
    try {
      await this.#beating;
    } finally {
      this.#beating = undefined;
      this.#planHeartbeat();
      this.#planFence();
    }
  }

  /** The handlers' thread is gone: settles what it had, and what the dead have left. */
  async recover(ending: Ending): Promise<readonly Interrupted[]> {
    const { handOut, scheduler } = this.#options;
    return await handOut.between(async () => {
      this.forgetGrants();
      scheduler.clearSlots();
      return await this.#ownership.recover(ending);
    });
  }

  /** One of several threads is gone: settles what was out in it. */
  recoverThread(left: readonly AttemptKey[], ending: Ending): readonly Interrupted[] {
    return this.#ownership.settleLeft(left, ending);
  }

  async leave(): Promise<void> {
    this.stop();
    await this.#beating?.catch(() => {});
    await this.#looking;
    await this.#ownership.giveBackStrays();
    await this.#options.lease.leave();
    await this.#options.notifier.notifyNow('members');
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#fence);
  }

  #planHeartbeat(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const waitMs = this.#isAsked ? 0 : this.#options.lease.heartbeatEveryMs;
    this.#timer = setTimeout(() => void this.#beatAndLook(), waitMs);
  }

  async #beatAndLook(): Promise<void> {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    const late = setTimeout(() => this.#options.tell({ kind: 'late' }), LATE_MS);
    try {
      await this.heartbeat();
      this.#look(isAsked);
    } catch (error) {
      this.#options.tell({ kind: 'error', error: error as Error });
    }
    clearTimeout(late);
  }

  async #beat(): Promise<void> {
    const { lease, scheduler, handOut } = this.#options;
    if (await lease.heartbeat()) return;
    if (!scheduler.idle) this.#lose('this replica was taken for dead');
    // Its slots went with its old lease.
    await handOut.between(async () => scheduler.clearSlots());
    await lease.enter();
    await lease.heartbeat();
    this.soon();
  }

  /** The fence: in doubt about its lease, a replica ends what it runs before others may begin with it. */
  #planFence(): void {
    clearTimeout(this.#fence);
    if (this.#stopped) return;
    const { lease, scheduler } = this.#options;
    this.#fence = setTimeout(() => {
      if (lease.owner !== undefined || scheduler.idle) return;
      this.#lose('the database has been out of reach for too long');
    }, Math.max(0, lease.leftMs) + 1);
  }

  #lose(reason: string): void {
    this.#ownership.suspend();
    this.forgetGrants();
    this.#options.scheduler.clearSlots();
    this.#options.tell({ kind: 'lost', reason });
  }

  /** One look at a time: a heartbeat during a long one leaves it at that, unless something has happened. */
  #look(isAsked: boolean): void {
    if (this.#stopped) return;
    if (this.#looking) {
      this.#looksAgain ||= isAsked;
      return;
    }
    this.#looking = this.#lookAround()
      .catch((error: Error) => this.#options.tell({ kind: 'error', error }))
      .finally(() => {
        this.#looking = undefined;
        const looksAgain = this.#looksAgain;
        this.#looksAgain = false;
        if (looksAgain) this.#look(false);
      });
  }

  async #lookAround(): Promise<void> {
    const { lease, notifier, circuits, handOut, tell } = this.#options;
    if (await lease.removeDead()) notifier.notify('members');
    if (!lease.members.some(({ id }) => id === lease.id)) return;
    const interrupted = await this.#ownership.adopt();
    if (interrupted.length > 0) tell({ kind: 'interrupted', interrupted });
    await this.#ownership.giveBackStrays();
    await circuits.refresh();
    if (!(await this.#shares.balance(this.#options))) return;
    if (lease.members.length > 1) notifier.notify('members');
    handOut.expect();
  }
}
