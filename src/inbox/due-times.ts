/** When each handler has something that is due, as far as the scheduler knows. It is looked up in the tables only then. */

export class DueTimes {
  /** By handler, when its next pending row is due at the earliest. */
  readonly #due = new Map<string, number>();
  #alone = Number.POSITIVE_INFINITY;

  copy(): DueTimes {
    const copy = new DueTimes();
    for (const [handler, due] of this.#due) copy.#due.set(handler, due);
    copy.#alone = this.#alone;
    return copy;
  }

  /** Something of that handler (or, without one, something that must run alone) is due then, or earlier. */
  expect(handler: string | undefined, due: number): void {
    const known = handler === undefined ? this.#alone : this.of(handler);
    this.set(handler, Math.min(known, due));
  }

  /** The next one is due then, and none before. */
  set(handler: string | undefined, due: number): void {
    if (handler === undefined) this.#alone = due;
    else this.#due.set(handler, due);
  }

  of(handler: string): number {
    return this.#due.get(handler) ?? Number.POSITIVE_INFINITY;
  }

  get alone(): number {
    return this.#alone;
  }

  all(): [string, number][] {
    return [...this.#due];
  }

  /** Each call begins with another handler, so that handlers of one target share it fairly. */
  inTurn(): [string, number][] {
    const [first] = this.#due;
    if (first) {
      this.#due.delete(first[0]);
      this.#due.set(...first);
    }
    return this.all();
  }

  /** Nothing is known any more: every handler is looked up. */
  forget(): void {
    for (const name of this.#due.keys()) this.#due.set(name, 0);
    this.#alone = 0;
  }
}
