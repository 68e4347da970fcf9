/** The targets of all handlers: those of one name share slots, rate and circuit breaker. Part of the scheduler. */
import type { CircuitKnobs, UnavailableTarget } from './circuit.ts';
import type { InboxStatus, Route } from './contract.ts';
import { Target } from './target.ts';

/** A target's circuit breaker has opened or closed, because of an attempt of this handler. */
export interface CircuitChange {
  readonly handler: string;
  /** How long the target is left alone; 0 if it takes events again. */
  readonly restMs: number;
}

export class Targets {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #sharesCircuits: boolean;
  readonly #targets = new Map<string, Target>();

  /** `sharesCircuits`: other replicas hand events to the same targets. */
  constructor(routes: ReadonlyMap<string, Route> = new Map(), sharesCircuits = false) {
    this.#routes = routes;
    this.#sharesCircuits = sharesCircuits;
  }

  copy(): Targets {
    const copy = new Targets(this.#routes, this.#sharesCircuits);
    for (const [name, target] of this.#targets) copy.#targets.set(name, target.copy());
    return copy;
  }

  nameOf(handler: string): string {
    return this.#routes.get(handler)?.target ?? handler;
  }

  of(handler: string): Target {
    return this.named(this.nameOf(handler));
  }

  named(name: string): Target {
    const known = this.#targets.get(name);
    if (known) return known;
    const target = new Target(this.#rateOf(name), this.#sharesCircuits);
    this.#targets.set(name, target);
    return target;
  }

  all(): [string, Target][] {
    return [...this.#targets];
  }

  hasSlots(): boolean {
    return this.#targets.values().some(({ slots }) => slots > 0);
  }

  /** All slots of a target, those that are out included, and the part of its rate that goes with them. */
  resize(name: string, slots: number, part: number, now: number): void {
    const rate = this.#rateOf(name);
    this.named(name).resize(slots, Number.isFinite(rate) ? rate * part : rate, now);
  }

  /** An attempt of that handler has ended. Answers if the circuit has opened or closed because of it. */
  noteEnd(handler: string, unavailable: UnavailableTarget | undefined, now: number, knobs: CircuitKnobs) {
    const target = this.of(handler);
    const wasClosed = target.isClosed;
    target.noteEnd(unavailable, now, knobs);
    return target.isClosed === wasClosed ? undefined : { handler, restMs: target.restMs(now) };
  }

  /** What a status says of targets that are down. */
  rests(now: number): Pick<InboxStatus, 'resting' | 'restsUntil'> {
    const resting = [...this.#routes.keys()].filter((handler) => !this.of(handler).isClosed);
    const until = resting.map((handler) => [handler, now + Math.ceil(this.of(handler).restMs(now))] as const);
    return { resting, ...(until.length > 0 && { restsUntil: Object.fromEntries(until) }) };
  }

  #rateOf(name: string): number {
    const routes = this.#routes.values();
    return routes.find((route) => route.target === name)?.ratePerSecond ?? Number.POSITIVE_INFINITY;
  }
}
