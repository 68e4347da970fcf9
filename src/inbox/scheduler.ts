/**
 * The scheduler: which target may get something, what is out, what waits. Memory of the inbox thread, beside the tables.
 *
 * SQLite's store works on a copy inside a transaction and keeps the copy only if the transaction was committed.
 */
import type { Targets } from './targets.ts';

/** Bodies that may be out at the same time; one event may always be out, however large. */
const BYTES_OUT_MAX = 64 * 1_048_576;

export class Scheduler {
  readonly targets: Targets;
  isPaused = false;
  /** Handlers that get nothing for now, because a person said so (pauses.ts). */
  pausedHandlers: ReadonlySet<string> = new Set();
  /** The one delivery that must run alone is out: nothing may be handed out beside it. */
  isSolo = false;
  /** Another number each time the slots are cleared: what was booked or reserved before is not any more. */
  generation = 0;
  /** Whether a list may wait to be split into its items, which takes no slot. */
  hasSplits = false;
  /** What is out, by `event handler`. */
  readonly #out = new Map<string, { readonly bytes: number; readonly attempt: number }>();
  /** When a handler's next pending row is due at the earliest, as far as is known. It is looked up in the tables only then. */
  readonly #due = new Map<string, number>();
  /** The same for what must run alone, whoever's it is. */
  #aloneDue = Number.POSITIVE_INFINITY;
  #bytesOut = 0;
  /** The next delivery was too large for the bytes that are out. */
  #full = false;

  constructor(targets: Targets) {
    this.targets = targets;
  }

  copy(): Scheduler {
    const copy = new Scheduler(this.targets.copy());
    for (const [key, value] of this.#out) copy.#out.set(key, value);
    for (const [handler, due] of this.#due) copy.#due.set(handler, due);
    copy.#aloneDue = this.#aloneDue;
    copy.#bytesOut = this.#bytesOut;
    copy.isSolo = this.isSolo;
    copy.#full = this.#full;
    copy.isPaused = this.isPaused;
    copy.pausedHandlers = this.pausedHandlers;
    copy.generation = this.generation;
    copy.hasSplits = this.hasSplits;
    return copy;
  }

  get idle(): boolean {
    return this.#out.size === 0;
  }

  /** How many bytes may still go out; any number if nothing is. */
  get bytesLeft(): number {
    return this.#bytesOut === 0 ? Number.MAX_SAFE_INTEGER : BYTES_OUT_MAX - this.#bytesOut;
  }

  attemptOut(handler: string, event: number): number | undefined {
    return this.#out.get(`${event} ${handler}`)?.attempt;
  }

  isOut(handler: string, event: number): boolean {
    return this.#out.has(`${event} ${handler}`);
  }

  /** The handlers' thread is gone, and with it every slot. */
  clearSlots(): void {
    this.generation++;
    for (const [, target] of this.targets.all()) target.clear();
    this.#out.clear();
    this.#bytesOut = 0;
    this.isSolo = false;
    this.#full = false;
  }

  pause(): void {
    this.isPaused = true;
  }

  /**
   * Counts a delivery as out. False if there is no room for it, too many bytes are out, or something must run alone. What
   * must run alone waits for a slot only: it holds everything else up.
   */
  takeSlot(handler: string, event: number, bytes: number, now: number, alone = false): boolean {
    const target = this.targets.of(handler);
    if (this.isPaused || this.isSolo || this.pausedHandlers.has(handler) || target.slots < 1) return false;
    if (!alone && (this.aloneIsDue(now) || target.room(now) < 1)) return false;
    this.#full = this.#bytesOut > 0 && this.#bytesOut + bytes > BYTES_OUT_MAX;
    if (this.#full) return false;
    this.book(handler, event, bytes, now, alone);
    return true;
  }

  /** Counts a delivery as out, without asking whether there is room: its claim was committed. */
  book(handler: string, event: number, bytes: number, now: number, alone = false, attempt = 1): void {
    this.targets.of(handler).take(now);
    this.#out.set(`${event} ${handler}`, { bytes, attempt });
    this.#bytesOut += bytes;
    this.isSolo = alone;
  }

  returnSlot(handler: string, event: number): void {
    const out = this.#out.get(`${event} ${handler}`);
    if (out === undefined) return;
    this.#out.delete(`${event} ${handler}`);
    this.#bytesOut -= out.bytes;
    this.isSolo = false;
    this.#full = false;
    this.targets.of(handler).unreserve(1);
  }

  /** Something of that handler (or, without one, something that must run alone) is due then; `exactly`: and none before. */
  expect(handler: string | undefined, due: number, exactly = false): void {
    if (handler === undefined) this.#aloneDue = exactly ? due : Math.min(this.#aloneDue, due);
    else this.#due.set(handler, exactly ? due : Math.min(this.#dueOf(handler), due));
  }

  /** The clock was set: every handler's due times are looked up again. */
  shift(byMs: number): void {
    for (const handler of this.#due.keys()) this.#due.set(handler, 0);
    this.#aloneDue = 0;
    for (const [, target] of this.targets.all()) target.shift(byMs);
  }

  /** Whether something of that handler may be due: what is new comes behind it. */
  isDue(handler: string, now: number): boolean {
    return this.#dueOf(handler) <= now;
  }

  aloneIsDue(now: number): boolean {
    return this.#aloneDue <= now;
  }

  /** Each call begins with another handler, so that handlers of one target share it fairly. */
  handlersWithWork(now: number): string[] {
    const [first] = this.#due;
    if (first) {
      this.#due.delete(first[0]);
      this.#due.set(...first);
    }
    return this.#handlersDue(now).filter((handler) => this.targets.of(handler).room(now) > 0);
  }

  /** Targets for which something is due and which may be tried, as soon as this replica is granted the trial. */
  targetsAwaitingTrial(now: number): string[] {
    const handlers = this.#handlersDue(now).filter((handler) => this.targets.of(handler).awaitsTrial(now));
    return [...new Set(handlers.map((handler) => this.targets.nameOf(handler)))];
  }

  isStarved(now: number): boolean {
    return this.#handlersDue(now).some((handler) => this.targets.of(handler).slots < 1);
  }

  /** When there may be something to hand out; Infinity if that needs a settlement or a grant first. */
  nextDue(now: number): number {
    if (this.hasSplits) return now;
    if (this.isPaused || !this.targets.hasSlots() || this.isSolo || this.#full)
      return Number.POSITIVE_INFINITY;
    if (this.aloneIsDue(now)) return this.idle ? now : Number.POSITIVE_INFINITY;
    const due = this.#handlersDue(Number.POSITIVE_INFINITY).map((name) =>
      Math.max(this.#dueOf(name), this.targets.of(name).roomAt(now)),
    );
    return Math.min(this.#aloneDue, ...due);
  }

  #dueOf(handler: string): number {
    return this.#due.get(handler) ?? Number.POSITIVE_INFINITY;
  }

  #handlersDue(now: number): string[] {
    const due = [...this.#due].filter(([handler, at]) => at <= now && !this.pausedHandlers.has(handler));
    return due.map(([handler]) => handler);
  }
}
