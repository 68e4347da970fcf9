/**
 * How much may be handed to one target now: free slots, its rate, and whether it rests. Part of the scheduler.
 *
 *   well ── told to rest ──▶ resting (nothing) ── the time is over ──▶ on trial (one delivery at a time)
 *   on trial ── a settlement that does not ask for rest ──▶ well      told to rest ──▶ resting
 *
 * Times are milliseconds of the scheduler's clock.
 */

/** A rate is spread evenly, but for so much of a second it may be made up at once: the scheduler does not look every ms. */
const BURST_SECONDS = 0.1;

export class Target {
  #perMs: number;
  #burst: number;
  #slots = 0;
  #out = 0;
  #tokens: number;
  #filledAt = 0;
  #restUntil = 0;
  #onTrial = false;

  constructor(ratePerSecond = Number.POSITIVE_INFINITY) {
    this.#perMs = ratePerSecond / 1_000;
    this.#burst = burstOf(this.#perMs);
    this.#tokens = this.#burst;
  }

  copy(): Target {
    const copy = new Target(this.#perMs * 1_000);
    copy.#slots = this.#slots;
    copy.#out = this.#out;
    copy.#tokens = this.#tokens;
    copy.#filledAt = this.#filledAt;
    copy.#restUntil = this.#restUntil;
    copy.#onTrial = this.#onTrial;
    return copy;
  }

  get slots(): number {
    return this.#slots;
  }

  get isWell(): boolean {
    return !this.#onTrial;
  }

  grant(slots: number): void {
    this.#slots += slots;
  }

  get out(): number {
    return this.#out;
  }

  /** All its slots, those that are out included, and the rate that goes with them. */
  resize(slots: number, ratePerSecond: number, now: number): void {
    this.#slots = slots - this.#out;
    if (ratePerSecond === this.#perMs * 1_000) return;
    this.#tokens = this.#tokensAt(now);
    this.#filledAt = now;
    this.#perMs = ratePerSecond / 1_000;
    this.#burst = burstOf(this.#perMs);
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  /** The thread that had its slots is gone. How the target fares is still known. */
  clear(): void {
    this.#slots = 0;
    this.#out = 0;
  }

  /** How many deliveries it may be given now. */
  room(now: number): number {
    if (this.#slots < 1 || now < this.#restUntil || (this.#onTrial && this.#out > 0)) return 0;
    return Math.min(this.#slots, this.#onTrial ? 1 : this.#slots, Math.floor(this.#tokensAt(now)));
  }

  /** When there may be room; Infinity if that needs a settlement or a grant first. */
  roomAt(now: number): number {
    const rested = Math.max(now, this.#restUntil);
    if (this.#slots < 1 || (this.#onTrial && this.#out > 0)) return Number.POSITIVE_INFINITY;
    const missing = 1 - this.#tokensAt(rested);
    return missing <= 0 ? rested : rested + Math.ceil(missing / this.#perMs);
  }

  take(now: number): void {
    this.#slots--;
    this.#out++;
    if (this.#perMs === Number.POSITIVE_INFINITY) return;
    this.#tokens = this.#tokensAt(now) - 1;
    this.#filledAt = now;
  }

  /** Sets slots aside for what is being asked for, so that nobody else takes them. */
  hold(count: number): void {
    this.#slots -= count;
    this.#out += count;
  }

  giveBack(): void {
    this.#slots++;
    this.#out--;
  }

  /** Another replica has found out that it takes nothing. */
  rest(ms: number, now: number): void {
    if (now + ms <= this.#restUntil) return;
    this.#restUntil = now + ms;
    this.#onTrial = true;
  }

  /** What a settlement says of it: how long it is to rest, 0 if it is well. */
  hear(restMs: number, now: number): void {
    if (restMs > 0) {
      this.#restUntil = now + restMs;
      this.#onTrial = true;
    } else if (now >= this.#restUntil) this.#onTrial = false;
  }

  /** The clock was set. */
  shift(byMs: number): void {
    this.#restUntil += byMs;
    this.#filledAt += byMs;
  }

  #tokensAt(now: number): number {
    if (this.#perMs === Number.POSITIVE_INFINITY) return this.#tokens;
    return Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#filledAt) * this.#perMs);
  }
}

function burstOf(perMs: number): number {
  return Math.max(1, perMs * 1_000 * BURST_SECONDS);
}
