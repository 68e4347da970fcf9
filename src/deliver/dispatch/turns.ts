/**
 * Which delivery may begin: any, at once; but a suspect, which may have brought a thread down, runs with nothing beside it, so that
 * it is known to be guilty if that happens again. Kept by the dispatcher.
 *
 * While a suspect runs, or waits until the thread is empty, what came after it keeps its order behind it.
 */
import type { Delivery } from '../../inbox/contract.ts';

export class Turns {
  readonly #run: (delivery: Delivery, isAlone: boolean) => void;
  /** By `event handler`. */
  readonly #suspects = new Set<string>();
  #waiting: Delivery[] = [];
  #running = 0;
  #runsAlone = false;

  constructor(run: (delivery: Delivery, isAlone: boolean) => void) {
    this.#run = run;
  }

  suspect(handler: string, events: readonly number[]): void {
    for (const event of events) this.#suspects.add(`${event} ${handler}`);
  }

  take(deliveries: readonly Delivery[]): void {
    this.#waiting.push(...deliveries);
    this.#next();
  }

  /** It has run, and the thread is still there. */
  end({ event, handler }: Delivery, wasAlone: boolean): void {
    this.#running--;
    if (wasAlone) {
      this.#suspects.delete(`${event} ${handler}`);
      this.#runsAlone = false;
    }
    if (this.#waiting.length > 0) this.#next();
  }

  /** What did not begin, and will not. */
  giveUp(): Delivery[] {
    return this.#waiting.splice(0);
  }

  #next(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [at, delivery] of waiting.entries()) {
      const isSuspect =
        this.#suspects.size > 0 && this.#suspects.has(`${delivery.event} ${delivery.handler}`);
      if (this.#runsAlone || (isSuspect && this.#running > 0)) {
        this.#waiting = waiting.slice(at);
        return;
      }
      this.#running++;
      this.#runsAlone = isSuspect;
      this.#run(delivery, isSuspect);
    }
  }
}
