/**
 * Decides what goes when there is not room for every refused request. Asked by store.ts, in its transaction.
 *
 * Strangers go before those who have proved themselves, and what does not look like the provider's before what does; among
 * these the oldest of whoever has the most bytes, so that strangers push out strangers, and a flood its own. A little more
 * goes than has to, so that it is seldom looked for.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepareQuery } from '../sqlite-file.ts';
import type { RefusedLimits } from './client.ts';

const SHARE_KEPT = 63 / 64;

const IS_PROVEN = 'EXISTS (SELECT 1 FROM proven p WHERE p.source = r.source AND p.network = r.network)';

/** The oldest of whoever has the most is the one with the most newer bytes of its own network. */
const FIRST_TO_GO = `SELECT number, bytes FROM (
    SELECT number, bytes, ${IS_PROVEN} AS is_proven, shaped,
      sum(bytes) OVER (PARTITION BY network, shaped ORDER BY number DESC) AS newer
    FROM refused r WHERE source = ?)
  ORDER BY is_proven, shaped, newer DESC, number`;

const BYTES_BY_SOURCE = 'SELECT source, sum(bytes) AS bytes FROM refused GROUP BY source';

const MOST_OF_STRANGERS = `SELECT source, sum(bytes) AS bytes FROM refused r WHERE NOT ${IS_PROVEN}
  GROUP BY source ORDER BY bytes DESC LIMIT 1`;

interface SourceBytes {
  readonly source: string;
  readonly bytes: number;
}

export class Room {
  readonly #database: DatabaseSync;
  readonly #limits: RefusedLimits;
  readonly #remove: (number: number) => void;
  /** By source; undefined until it has been asked for. */
  #bytes: Map<string, number> | undefined;

  constructor(database: DatabaseSync, limits: RefusedLimits, remove: (number: number) => void) {
    this.#database = database;
    this.#limits = limits;
    this.#remove = remove;
  }

  /** A row of so many bytes came, or went. */
  resize(source: string, by: number): void {
    this.#bytes?.set(source, (this.#bytes.get(source) ?? 0) + by);
  }

  /** What was counted may not have happened. */
  forget(): void {
    this.#bytes = undefined;
  }

  /** Answers with how many of which source went, after these sources got more. */
  make(grown: Iterable<string>): Map<string, number> {
    const { bytesMax, bytesMaxOfAll } = this.#limits;
    const gone = new Map<string, number>();
    const shrink = (source: string, most: number) => {
      const count = this.#shrink(source, most);
      if (count > 0) gone.set(source, (gone.get(source) ?? 0) + count);
      return count;
    };
    for (const source of grown) if (this.#of(source) > bytesMax) shrink(source, bytesMax * SHARE_KEPT);
    const isFull = this.#ofAll() > bytesMaxOfAll;
    while (isFull && this.#ofAll() > bytesMaxOfAll * SHARE_KEPT) {
      const excess = this.#ofAll() - bytesMaxOfAll * SHARE_KEPT;
      const { source, bytes } = this.#whoseTurn();
      if (shrink(source, this.#of(source) - Math.min(excess, bytes)) === 0) break;
    }
    return gone;
  }

  /** The source that strangers take the most room in; if they take none, the largest. */
  #whoseTurn(): SourceBytes {
    const [largest] = [...this.#all()].sort(([, one], [, other]) => other - one);
    const [source = '', bytes = 0] = largest ?? [];
    return prepareQuery<SourceBytes>(this.#database, MOST_OF_STRANGERS).get() ?? { source, bytes };
  }

  #shrink(source: string, most: number): number {
    let excess = this.#of(source) - most;
    const going: number[] = [];
    for (const { number, bytes } of this.#database.prepare(FIRST_TO_GO).iterate(source)) {
      if (excess <= 0) break;
      excess -= Number(bytes);
      going.push(Number(number));
    }
    for (const number of going) this.#remove(number);
    return going.length;
  }

  #of(source: string): number {
    return this.#all().get(source) ?? 0;
  }

  #ofAll(): number {
    return this.#all()
      .values()
      .reduce((sum, bytes) => sum + bytes, 0);
  }

  #all(): Map<string, number> {
    this.#bytes ??= new Map(
      prepareQuery<SourceBytes>(this.#database, BYTES_BY_SOURCE)
        .all()
        .map(({ source, bytes }) => [source, bytes]),
    );
    return this.#bytes;
  }
}
