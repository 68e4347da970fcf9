/**
 * The memory for request bodies, and who may hold how much of it, so that slow senders cannot shut out the others:
 *
 *   all together               bytesInFlightMax
 *   one source                 half of it, if there are several sources
 *   strangers together         half of it, and half of what one source may: addresses that have not sent a genuine event to
 *                              this source before
 *   one stranger               an eighth of it (IPv6 by /64)
 *
 * Every share has room for one body of the largest limit at least. An address that only is a trusted proxy stands for many
 * senders and counts as none. Used by receive.ts, and by refused.ts for what is read behind an answer.
 */
export interface Share {
  /** Takes so much more memory. Answers with the reason if that is too much; it is taken nevertheless, until `release`. */
  take(bytes: number): string | undefined;
  /** Why not even an empty body should be read now, if that is so. */
  full(): string | undefined;
  release(): void;
}

interface BodyOwner {
  readonly source: string;
  /** The network that a limit for each address counts; undefined for a proxy that does not say for whom it sends. */
  readonly network: string | undefined;
  /** True if the address has sent a genuine event to this source before. */
  readonly isKnown: boolean;
}

interface BodyMemoryOptions {
  readonly maxBytes: number;
  /** The largest body that any source accepts. */
  readonly bodyBytesMax: number;
  readonly sources: number;
}

export class BodyMemory {
  readonly #maxBytes: number;
  readonly #shares: Readonly<Record<'source' | 'strangers' | 'sourceStrangers' | 'stranger', number>>;
  readonly #held = new Map<string, number>();
  /** Those of senders that are known, by source: most requests have no others. */
  readonly #ofSource = new Map<string, readonly Limit[]>();
  #bytes = 0;

  constructor({ maxBytes, bodyBytesMax, sources }: BodyMemoryOptions) {
    this.#maxBytes = maxBytes;
    const part = (divisor: number) => Math.max(Math.floor(maxBytes / divisor), bodyBytesMax);
    const source = sources > 1 ? 2 : 1;
    this.#shares = {
      source: part(source),
      strangers: part(2),
      sourceStrangers: part(2 * source),
      stranger: part(8),
    };
  }

  get bytes(): number {
    return this.#bytes;
  }

  shareOf(owner: BodyOwner): Share {
    const limits = this.#limitsOf(owner);
    let taken = 0;
    const add = (bytes: number) => {
      taken += bytes;
      this.#bytes += bytes;
      for (const { key } of limits) {
        const held = (this.#held.get(key) ?? 0) + bytes;
        if (held > 0) this.#held.set(key, held);
        else this.#held.delete(key);
      }
    };
    const over = (isOver: (bytes: number, max: number) => boolean) => {
      if (isOver(this.#bytes, this.#maxBytes)) return 'too many bytes are in flight';
      const limit = limits.find(({ key, max }) => isOver(this.#held.get(key) ?? 0, max));
      return limit && `too many bytes ${limit.whose} are in flight`;
    };
    return {
      take(bytes) {
        add(bytes);
        return over((held, max) => held > max);
      },
      full: () => over((held, max) => held >= max),
      release: () => add(-taken),
    };
  }

  #limitsOf({ source, network, isKnown }: BodyOwner): readonly Limit[] {
    const { source: ofSource, strangers, sourceStrangers, stranger } = this.#shares;
    let limits = this.#ofSource.get(source);
    if (!limits) {
      limits = [{ key: source, max: ofSource, whose: 'of one source' }];
      this.#ofSource.set(source, limits);
    }
    if (isKnown || network === undefined) return limits;
    const unproven = 'without a genuine event so far';
    return [
      ...limits,
      { key: '', max: strangers, whose: `of senders ${unproven}` },
      { key: `${source} strangers`, max: sourceStrangers, whose: `of senders ${unproven}, to one source,` },
      { key: `stranger ${network}`, max: stranger, whose: `of one address ${unproven}` },
    ];
  }
}

interface Limit {
  /** Of a count; a source has its name, and no name has a blank. */
  readonly key: string;
  readonly max: number;
  /** Completes a sentence. */
  readonly whose: string;
}
