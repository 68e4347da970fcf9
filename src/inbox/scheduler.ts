/**
 * The scheduler: which target may get something, what is out, what is waiting. Memory of the inbox thread, beside the tables.
 *
 * The store works on a copy inside a transaction and keeps the copy only if the transaction was committed.
 */
import type { Route } from './contract.ts';
import { Target } from './target.ts';

/** Bodies that may be out at the same time; one event may always be out, however large. */
const BYTES_OUT_MAX = 64 * 1_048_576;

export class Scheduler {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #targets = new Map<string, Target>();
  /** What is out, by `event handler`. */
  readonly #out = new Map<string, { readonly bytes: number; readonly attempt: number }>();
  /** By handler, when its next pending row is due at the earliest. */
  readonly #due = new Map<string, number>();
  #aloneDue = Number.POSITIVE_INFINITY;
  #bytesOut = 0;
  /** The one delivery that must run alone is out. */
  #solo = false;
  /** The next delivery was too large for the bytes that are out. */
  #full = false;
  #paused = false;
  #generation = 0;

  constructor(routes: ReadonlyMap<string, Route> = new Map()) {
    this.#routes = routes;
  }

  copy(): Scheduler {
    const copy = new Scheduler(this.#routes);
    for (const [key, value] of this.#targets) copy.#targets.set(key, value.copy());
    for (const [key, value] of this.#out) copy.#out.set(key, value);
    for (const [key, value] of this.#due) copy.#due.set(key, value);
    copy.#aloneDue = this.#aloneDue;
    copy.#bytesOut = this.#bytesOut;
    copy.#solo = this.#solo;
    copy.#full = this.#full;
    copy.#paused = this.#paused;
    copy.#generation = this.#generation;
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

  /** The slots of a target, those that are out included: where they are shared out among replicas. */
  resize(target: string, slots: number, part: number, now: number): void {
    const rate = this.#rateOf(target);
    this.#target(target).resize(slots, Number.isFinite(rate) ? rate * part : rate, now);
  }

  outOf(target: string): number {
    return this.#target(target).out;
  }

  isOut(handler: string, event: number): boolean {
    return this.#out.has(`${event} ${handler}`);
  }

  /** Which attempt at it is out. */
  attemptOut(handler: string, event: number): number | undefined {
    return this.#out.get(`${event} ${handler}`)?.attempt;
  }

  /** How many bytes may still go out; any number if nothing is. */
  get bytesLeft(): number {
    return this.#bytesOut === 0 ? Number.MAX_SAFE_INTEGER : BYTES_OUT_MAX - this.#bytesOut;
  }

  targetOf(handler: string): string {
    return this.#routes.get(handler)?.target ?? handler;
  }

  rest(target: string, ms: number, now: number): void {
    this.#target(target).rest(ms, now);
  }

  /** What a settlement says of the handler's target. */
  hear(handler: string, restMs: number, now: number): void {
    this.#targetOf(handler).hear(restMs, now);
  }

  resting(): string[] {
    return [...this.#routes.keys()].filter((handler) => !this.#targetOf(handler).isWell);
  }

  /** Another one each time the slots are cleared: what was booked or held before is not any more. */
  get generation(): number {
    return this.#generation;
  }

  /** The handlers' thread is gone, and with it every slot. */
  clearSlots(): void {
    this.#generation++;
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
    this.book(handler, event, bytes, now, alone);
    return true;
  }

  /** Books a delivery for which a slot was held: it is on its way, whatever has happened since. */
  book(handler: string, event: number, bytes: number, now: number, alone = false, attempt = 1): void {
    this.#targetOf(handler).take(now);
    this.#out.set(`${event} ${handler}`, { bytes, attempt });
    this.#bytesOut += bytes;
    this.#solo = alone;
  }

  /** Slots for what is being asked of the tables, until `hold` is called with as many less. */
  hold(handler: string, count: number): void {
    this.#targetOf(handler).hold(count);
  }

  /** How many slots its target has in all, those that are out included. */
  slotsOf(handler: string): number {
    const target = this.#targetOf(handler);
    return target.slots + target.out;
  }

  /** Something runs alone: nothing may be handed out beside it. */
  get isSolo(): boolean {
    return this.#solo;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  returnSlot(handler: string, event: number): void {
    const out = this.#out.get(`${event} ${handler}`);
    if (out === undefined) return;
    this.#out.delete(`${event} ${handler}`);
    this.#bytesOut -= out.bytes;
    this.#solo = false;
    this.#full = false;
    this.#targetOf(handler).giveBack();
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

  /** Whether something of that handler may be due: what is new comes behind it. */
  isDue(handler: string, now: number): boolean {
    return (this.#due.get(handler) ?? Number.POSITIVE_INFINITY) <= now;
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
    return this.#target(this.targetOf(handler));
  }

  #target(name: string): Target {
    const known = this.#targets.get(name);
    if (known) return known;
    const target = new Target(this.#rateOf(name));
    this.#targets.set(name, target);
    return target;
  }

  #rateOf(target: string): number {
    const routes = this.#routes.values();
    return routes.find((route) => route.target === target)?.ratePerSecond ?? Number.POSITIVE_INFINITY;
  }
}
