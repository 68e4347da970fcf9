/**
 * What a handlers' thread shows of itself in shared memory, where it can be read even when the thread answers nothing any more:
 * that it moves, and which attempt has it for itself. Written in the thread, read by its watcher (handlers-thread.ts).
 *
 * An attempt has the thread for itself in its first stretch, before it waits for anything; and, if it is suspected of having
 * brought a thread down, until its end, since nothing runs beside it. What a thread that has ended shows there was its end.
 */
import type { AttemptKey } from '../../inbox/contract.ts';

type AttemptName = Pick<AttemptKey, 'event' | 'handler'>;

const BYTES = 16;

export class Pulse {
  readonly memory: SharedArrayBuffer;
  readonly #handlers: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  /** Beats, and the number of the handler: its place in the list, from 1 on; 0 is none. */
  readonly #words: Int32Array;
  readonly #event: Float64Array;

  /** Both sides give the same handlers, in the same order. */
  constructor(handlers: readonly string[], memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#handlers = handlers;
    this.#numbers = new Map(handlers.map((handler, at) => [handler, at + 1]));
    this.#words = new Int32Array(memory, 0, 2);
    this.#event = new Float64Array(memory, 8, 1);
  }

  beat(): void {
    Atomics.add(this.#words, 0, 1);
  }

  get beats(): number {
    return Atomics.load(this.#words, 0);
  }

  begin({ handler, event }: AttemptName): void {
    this.#event[0] = event;
    Atomics.store(this.#words, 1, this.#numbers.get(handler) ?? 0);
  }

  end(): void {
    Atomics.store(this.#words, 1, 0);
  }

  get running(): AttemptName | undefined {
    const handler = this.#handlers[Atomics.load(this.#words, 1) - 1];
    return handler === undefined ? undefined : { handler, event: this.#event[0] as number };
  }
}
