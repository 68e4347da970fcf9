/**
 * The hand-out desk: which target may get something, what is out, what is waiting. Memory of the inbox thread, beside the tables.
 *
 * The store works on a copy inside a transaction and keeps the copy only if the transaction was committed.
 */
import type { Backlog, Route, WorkState } from '../../inbox-contract.ts';
import { Target } from './target.ts';

/** Bodies that may be out at the same time; one event may always be out, however large. */
const BYTES_OUT_MAX = 64 * 1_048_576;

export class Desk {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #targets = new Map<string, Target>();
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

  constructor(routes: ReadonlyMap<string, Route> = new Map(), backlog: readonly Backlog[] = []) {
    this.#routes = routes;
    for (const { handler, state, count } of backlog) {
      this.#counts.set(`${handler} ${state}`, count);
      if (state === 'pending') {
        this.#due.set(handler, 0);
        this.#aloneDue = 0;
      }
    }
  }

  copy(): Desk {
    const copy = new Desk(this.#routes);
    for (const [key, value] of this.#targets) copy.#targets.set(key, value.copy());
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

  /** How many deliveries this handler may be given now. */
  room(handler: string, now: number): number {
    return this.#targetOf(handler).room(now);
  }

  grant(target: string, slots: number): void {
    this.#target(target).grant(slots);
  }

  /** What a settlement says of the handler's target. */
  hear(handler: string, restMs: number, now: number): void {
    this.#targetOf(handler).hear(restMs, now);
  }

  resting(): string[] {
    return [...this.#routes.keys()].filter((handler) => !this.#targetOf(handler).isWell);
  }

  /** The handlers' thread is gone, and with it every slot. */
  clearSlots(): void {
    for (const target of this.#targets.values()) target.clear();
    this.#out.clear();
    this.#bytesOut = 0;
    this.#solo = false;
    this.#full = false;
  }

  pause(): void {
    this.#paused = true;
  }

  /**
   * Books a delivery. False if there is no room for it, too many bytes are out, or something must run alone. What must run
   * alone waits for a slot only: it holds everything else up.
   */
  takeSlot(handler: string, event: number, bytes: number, now: number, alone = false): boolean {
    const target = this.#targetOf(handler);
    if (this.#paused || this.#solo || target.slots < 1) return false;
    if (!alone && (this.aloneIsDue(now) || target.room(now) < 1)) return false;
    this.#full = this.#bytesOut > 0 && this.#bytesOut + bytes > BYTES_OUT_MAX;
    if (this.#full) return false;
    target.take(now);
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
    this.#targetOf(handler).giveBack();
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

  /** The clock was set: look at every handler's due times at the next turn. */
  shift(byMs: number): void {
    for (const name of this.#due.keys()) this.#due.set(name, 0);
    for (const target of this.#targets.values()) target.shift(byMs);
    this.#aloneDue = 0;
  }

  aloneIsDue(now: number): boolean {
    return this.#aloneDue <= now;
  }

  /** Each call begins with another one, so that handlers of one target share it fairly. */
  handlersWithWork(now: number): string[] {
    const [first] = this.#due;
    if (first) {
      this.#due.delete(first[0]);
      this.#due.set(...first);
    }
    return [...this.#due]
      .filter(([name, due]) => due <= now && this.room(name, now) > 0)
      .map(([name]) => name);
  }

  isStarved(now: number): boolean {
    return [...this.#due].some(([name, due]) => due <= now && this.#targetOf(name).slots < 1);
  }

  /** When there may be something to hand out; Infinity if that needs a settlement or a grant first. */
  nextDue(now: number): number {
    const anySlot = this.#targets.values().some(({ slots }) => slots > 0);
    if (this.#paused || !anySlot || this.#solo || this.#full) return Number.POSITIVE_INFINITY;
    if (this.aloneIsDue(now)) return this.idle ? now : Number.POSITIVE_INFINITY;
    const due = [...this.#due].map(([name, time]) => Math.max(time, this.#targetOf(name).roomAt(now)));
    return Math.min(this.#aloneDue, ...due);
  }

  #targetOf(handler: string): Target {
    return this.#target(this.#routes.get(handler)?.target ?? handler);
  }

  #target(name: string): Target {
    const known = this.#targets.get(name);
    if (known) return known;
    const target = new Target(this.#routes.values().find((route) => route.target === name)?.ratePerSecond);
    this.#targets.set(name, target);
    return target;
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
