/**
 * How much may be handed to one target now: its free slots, its rate, and its circuit breaker (circuit.ts). Part of the
 * scheduler, whose clock it goes by, in milliseconds.
 *
 * While the circuit is half-open, one delivery at a time is on trial. Where replicas share the circuit, whoever wants to
 * try the target must first be granted the trial, so that only one of them does.
 */
import { type Circuit, type CircuitKnobs, CLOSED, circuitAfter, type UnavailableTarget } from './circuit.ts';

/** A rate is spread evenly, but so much of a second may be made up at once: the scheduler does not look every ms. */
const BURST_SECONDS = 0.1;

/** Who may try the target when its rest is over: this process, whoever asks first, or another replica. */
export type Trial = 'ours' | 'free' | 'taken';

export class Target {
  trial: Trial;
  slots = 0;
  out = 0;
  readonly #sharesCircuit: boolean;
  #perMs: number;
  #tokens: number;
  #filledAt = 0;
  #circuit: Circuit = CLOSED;

  constructor(ratePerSecond = Number.POSITIVE_INFINITY, sharesCircuit = false) {
    this.#sharesCircuit = sharesCircuit;
    this.#perMs = ratePerSecond / 1_000;
    this.#tokens = burstOf(this.#perMs);
    this.trial = sharesCircuit ? 'free' : 'ours';
  }

  copy(): Target {
    const copy = new Target(this.#perMs * 1_000, this.#sharesCircuit);
    copy.slots = this.slots;
    copy.out = this.out;
    copy.#tokens = this.#tokens;
    copy.#filledAt = this.#filledAt;
    copy.#circuit = this.#circuit;
    copy.trial = this.trial;
    return copy;
  }

  get isClosed(): boolean {
    return this.#circuit.openings === 0;
  }

  grant(slots: number): void {
    this.slots += slots;
  }

  /** All its slots, those that are out included, and the rate that goes with them. */
  resize(slots: number, ratePerSecond: number, now: number): void {
    this.slots = slots - this.out;
    if (ratePerSecond === this.#perMs * 1_000) return;
    const tokens = this.#tokensAt(now);
    this.#filledAt = now;
    this.#perMs = ratePerSecond / 1_000;
    this.#tokens = Math.min(tokens, burstOf(this.#perMs));
  }

  /** The thread that had its slots is gone. What is known about the target stays. */
  clear(): void {
    this.slots = 0;
    this.out = 0;
    if (this.#sharesCircuit) this.trial = 'free';
  }

  room(now: number): number {
    if (this.slots < 1 || now < this.#circuit.restsUntil) return 0;
    const most = this.isClosed ? this.slots : this.trial === 'ours' && this.out === 0 ? 1 : 0;
    return Math.min(most, Math.floor(this.#tokensAt(now)));
  }

  /** When there may be room; Infinity if that needs a settlement, a grant or another replica first. */
  roomAt(now: number): number {
    const rested = Math.max(now, this.#circuit.restsUntil);
    const isTried = !this.isClosed && (this.out > 0 || this.trial === 'taken');
    if (this.slots < 1 || isTried) return Number.POSITIVE_INFINITY;
    const missing = 1 - this.#tokensAt(rested);
    return missing <= 0 ? rested : rested + Math.ceil(missing / this.#perMs);
  }

  take(now: number): void {
    this.slots--;
    this.out++;
    this.#tokens = this.#tokensAt(now) - 1;
    this.#filledAt = now;
  }

  /** Sets slots aside while a claim is under way, so that nobody else takes them. */
  reserve(count: number): void {
    this.slots -= count;
    this.out += count;
  }

  unreserve(count: number): void {
    this.slots += count;
    this.out -= count;
  }

  /** An attempt has ended. Answers whether the circuit is another one now. */
  noteEnd(unavailable: UnavailableTarget | undefined, now: number, knobs: CircuitKnobs): boolean {
    const before = this.#circuit;
    this.#circuit = circuitAfter(before, unavailable, now, knobs);
    if (this.#circuit.openings !== before.openings && this.#sharesCircuit) this.trial = 'free';
    return this.#circuit !== before;
  }

  /** Somebody says that it is well again: its rest is over, and one delivery tries it. Answers whether it was not well. */
  endRest(now: number): boolean {
    if (this.isClosed) return false;
    this.#circuit = { ...this.#circuit, restsUntil: Math.min(this.#circuit.restsUntil, now) };
    return true;
  }

  restMs(now: number): number {
    return Math.max(0, this.#circuit.restsUntil - now);
  }

  /** The circuit as the replicas share it. */
  share(circuit: Circuit, trial: Trial): void {
    this.#circuit = circuit;
    this.trial = trial;
  }

  /** Its rest is over and it may be tried, but nobody has been granted the trial yet. */
  awaitsTrial(now: number): boolean {
    if (this.isClosed || this.trial !== 'free') return false;
    return this.slots > 0 && this.out === 0 && now >= this.#circuit.restsUntil;
  }

  /** The clock was set. */
  shift(byMs: number): void {
    this.#circuit = { ...this.#circuit, restsUntil: this.#circuit.restsUntil + byMs };
    this.#filledAt += byMs;
  }

  #tokensAt(now: number): number {
    if (this.#perMs === Number.POSITIVE_INFINITY) return this.#tokens;
    return Math.min(burstOf(this.#perMs), this.#tokens + Math.max(0, now - this.#filledAt) * this.#perMs);
  }
}

function burstOf(perMs: number): number {
  return Math.max(1, perMs * 1_000 * BURST_SECONDS);
}
