/**
 * What a handlers' thread shows of itself in shared memory, where it can be read even when the thread answers nothing any more:
 * that it moves, and which attempt has it for itself. Written in the thread, read by its watcher (handlers-thread.ts).
 *
 * An attempt has the thread for itself in its first stretch, before it waits for anything; and, if it is suspected of having
 * brought a thread down, until its end, since nothing runs beside it. What a thread that has ended shows there was its end. And it shows how many attempts have
 * begun: what waits behind one that never yields can be given to another thread.
 */
import type { AttemptKey } from '../../inbox/contract.ts';

type AttemptName = Pick<AttemptKey, 'event' | 'handler'>;

/** Places of numbers in the memory, 8 bytes each; before them stand two words of 4. */
const EVENT = 0;
const BEGUN = 1;
const MOST = 2;
const NUMBERS_AT = 8;
const BYTES = NUMBERS_AT + 3 * 8;

export class Pulse {
  readonly memory: SharedArrayBuffer;
  readonly #handlers: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  /** Beats, and the number of the handler: its place in the list, from 1 on; 0 is none. */
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  /** Both sides give the same handlers, in the same order. `memory` is given in the thread. */
  constructor(handlers: readonly string[], memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(BYTES);
    this.#handlers = handlers;
    this.#places = new Map(handlers.map((handler, at) => [handler, at + 1]));
    this.#words = new Int32Array(this.memory, 0, 2);
    this.#numbers = new Float64Array(this.memory, NUMBERS_AT);
    if (!memory) this.#numbers[MOST] = Number.POSITIVE_INFINITY;
  }

  beat(): void {
    Atomics.add(this.#words, 0, 1);
  }

  get beats(): number {
    return Atomics.load(this.#words, 0);
  }

  /** False if it may not begin, because others have it by now. */
  begin(attempt: AttemptName): boolean {
    const count = (this.#numbers[BEGUN] as number) + 1;
    if (count > (this.#numbers[MOST] as number)) return false;
    this.#numbers[BEGUN] = count;
    this.blame(attempt);
    return true;
  }

  blame({ handler, event }: AttemptName): void {
    this.#numbers[EVENT] = event;
    Atomics.store(this.#words, 1, this.#places.get(handler) ?? 0);
  }

  end(): void {
    Atomics.store(this.#words, 1, 0);
  }

  get running(): AttemptName | undefined {
    const handler = this.#handlers[Atomics.load(this.#words, 1) - 1];
    return handler === undefined ? undefined : { handler, event: this.#numbers[EVENT] as number };
  }

  /** Nothing more begins. Answers with how many have. */
  halt(): number {
    this.#numbers[MOST] = this.#numbers[BEGUN] as number;
    return this.#numbers[MOST];
  }
}
