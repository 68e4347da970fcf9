/**
 * The places for bodies that are read behind the answer: they belong to requests that were refused before their body was read,
 * and are kept to be judged again. Asked by refused.ts.
 *
 * Strangers share their places and bytes among them; senders that have proved themselves have as many of their own. When
 * there is none left, the one that has been read for longest gives up, of the network that has more than half of all if there
 * is one: who sends slowly on purpose, or much, cannot keep others out.
 */
import type { Sender } from '../../inbox/refused/token-bucket.ts';

const PLACES_MAX = 256;
const BYTES_MAX = 64 * 1_048_576;

/** A body that is to come. */
export interface LateBody {
  readonly sender: Sender;
  /** The most that it can be. */
  readonly bytes: number;
  /** Has to end the reading. */
  readonly giveUp: () => void;
}

export class LateReads {
  readonly #proven = new Places();
  readonly #strangers = new Places();

  /** Answers with what gives the place back; undefined if it needs more than there is. Others may have had to give up for it. */
  take(body: LateBody): (() => void) | undefined {
    if (body.bytes > BYTES_MAX) return undefined;
    const places = body.sender.isProven ? this.#proven : this.#strangers;
    while (!places.hasRoom(body.bytes)) places.takeFrom();
    return places.give(body);
  }
}

class Places {
  /** In the order in which they came. */
  readonly #bodies = new Set<LateBody>();
  #bytes = 0;

  hasRoom(bytes: number): boolean {
    return this.#bodies.size < PLACES_MAX && this.#bytes + bytes <= BYTES_MAX;
  }

  give(body: LateBody): () => void {
    this.#bodies.add(body);
    this.#bytes += body.bytes;
    return () => this.#takeBack(body);
  }

  takeFrom(): void {
    const [oldest] = this.#mostOfOne() ?? this.#bodies;
    if (!oldest) return;
    this.#takeBack(oldest);
    oldest.giveUp();
  }

  #takeBack(body: LateBody): void {
    if (this.#bodies.delete(body)) this.#bytes -= body.bytes;
  }

  /** The bodies of the network that has more than half of the places, or of the bytes. */
  #mostOfOne(): readonly LateBody[] | undefined {
    const byNetwork = Map.groupBy(this.#bodies, ({ sender }) => sender.network);
    return byNetwork.values().find((bodies) => {
      const bytes = bodies.reduce((sum, body) => sum + body.bytes, 0);
      return bodies.length > PLACES_MAX / 2 || bytes > BYTES_MAX / 2;
    });
  }
}
