/**
 * The hand-out desk: who has free slots, what is out, what is waiting. Memory of the inbox thread, beside the tables.
 *
 * The store works on a copy inside a transaction and keeps the copy only if the transaction was committed.
 */
import type { Backlog, WorkState } from '../../types.ts';

/** Bodies that may be out at the same time; one event may always be out, however large. */
const BYTES_OUT_MAX = 64 * 1_048_576;

export class Desk {
  readonly #slots = new Map<string, number>();
  /** Body lengths of what is out, by `event handler`. */
  readonly #out = new Map<string, number>();
  /** By handler, when its next pending row is due at the earliest. */
  readonly #due = new Map<string, number>();
  /** By `handler state`. */
  readonly #counts = new Map<string, number>();
  #aloneDue = Number.POSITIVE_INFINITY;
  #bytesOut = 0;
  /** The one delivery that must run alone is out. */
  #solo = false;
  /** The next delivery was too large for the bytes that are out. */
  #full = false;
  #paused = false;

  constructor(backlog: readonly Backlog[] = []) {
    for (const { handler, state, count } of backlog) {
      this.#counts.set(`${handler} ${state}`, count);
      if (state === 'pending') {
        this.#due.set(handler, 0);
        this.#aloneDue = 0;
      }
    }
  }

  copy(): Desk {
    const copy = new Desk();
    for (const [key, value] of this.#slots) copy.#slots.set(key, value);
    for (const [key, value] of this.#out) copy.#out.set(key, value);
    for (const [key, value] of this.#due) copy.#due.set(key, value);
    for (const [key, value] of this.#counts) copy.#counts.set(key, value);
    copy.#aloneDue = this.#aloneDue;
    copy.#bytesOut = this.#bytesOut;
    copy.#solo = this.#solo;
    copy.#full = this.#full;
    copy.#paused = this.#paused;
    return copy;
  }

  get idle(): boolean {
    return this.#out.size === 0;
  }

  slotsOf(handler: string): number {
    return this.#slots.get(handler) ?? 0;
  }

  grant(handler: string, slots: number): void {
    this.#slots.set(handler, this.slotsOf(handler) + slots);
  }

  /** The handlers' thread is gone, and with it every slot. */
  clearSlots(): void {
    this.#slots.clear();
    this.#out.clear();
    this.#bytesOut = 0;
    this.#solo = false;
    this.#full = false;
  }

  pause(): void {
    this.#paused = true;
  }

  /** Books a delivery. False if the handler has no free slot, too many bytes are out, or something must run alone. */
  takeSlot(handler: string, event: number, bytes: number, now: number, alone = false): boolean {
    const slots = this.slotsOf(handler);
    if (this.#paused || slots < 1 || this.#solo || (!alone && this.aloneIsDue(now))) return false;
    this.#full = this.#bytesOut > 0 && this.#bytesOut + bytes > BYTES_OUT_MAX;
    if (this.#full) return false;
    this.#slots.set(handler, slots - 1);
    this.#out.set(`${event} ${handler}`, bytes);
    this.#bytesOut += bytes;
    this.#solo = alone;
    return true;
  }

  returnSlot(handler: string, event: number): void {
    const bytes = this.#out.get(`${event} ${handler}`);
    if (bytes === undefined) return;
    this.#out.delete(`${event} ${handler}`);
    this.#bytesOut -= bytes;
    this.#solo = false;
    this.#full = false;
    this.grant(handler, 1);
  }

  move(handler: string, from: WorkState | undefined, to: WorkState | undefined): void {
    for (const [state, by] of [
      [from, -1],
      [to, 1],
    ] as const) {
      if (state) this.#counts.set(`${handler} ${state}`, (this.#counts.get(`${handler} ${state}`) ?? 0) + by);
    }
  }

  /** Something of that handler (or, without one, something that must run alone) is due then. */
  expect(handler: string | undefined, due: number, exactly = false): void {
    const known =
      handler === undefined ? this.#aloneDue : (this.#due.get(handler) ?? Number.POSITIVE_INFINITY);
    const next = exactly ? due : Math.min(known, due);
    if (handler === undefined) this.#aloneDue = next;
    else this.#due.set(handler, next);
  }

  /** Nothing is known about due times any more: look at every handler's at the next turn. */
  expectEverything(): void {
    for (const name of this.#due.keys()) this.#due.set(name, 0);
    this.#aloneDue = 0;
  }

  aloneIsDue(now: number): boolean {
    return this.#aloneDue <= now;
  }

  handlersWithWork(now: number): string[] {
    return [...this.#due].filter(([name, due]) => due <= now && this.slotsOf(name) > 0).map(([name]) => name);
  }

  isStarved(now: number): boolean {
    return [...this.#due].some(([name, due]) => due <= now && this.slotsOf(name) < 1);
  }

  /** When there may be something to hand out; Infinity if that needs a settlement or a grant first. */
  nextDue(now: number): number {
    if (this.#paused || this.#slots.size === 0 || this.#solo || this.#full) return Number.POSITIVE_INFINITY;
    if (this.aloneIsDue(now)) return this.idle ? now : Number.POSITIVE_INFINITY;
    const due = [...this.#due].filter(([name]) => this.slotsOf(name) > 0).map(([, time]) => time);
    return Math.min(this.#aloneDue, ...due);
  }

  backlog(): Backlog[] {
    return [...this.#counts]
      .filter(([, count]) => count > 0)
      .map(([key, count]) => {
        const [handler, state] = key.split(' ') as [string, WorkState];
        return { handler, state, count };
      });
  }
}
