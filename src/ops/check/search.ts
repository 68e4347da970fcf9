/**
 * Searches bytes for live secrets by their values, part by part and in bounded memory: of each part only as much is kept as
 * a value needs to lie across two of them. What is found is told by the name of the setting. Used by leaks.ts.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Slot } from '../secret/slots.ts';

export interface Needle {
  /** The variables that hold the value. */
  readonly name: string;
  readonly bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);
/** One for all files: they are read one after the other. */
const PART = Buffer.alloc(1_048_576);
/** Shorter values stand in many a text by chance. */
export const LOOKED_FOR_FROM = 8;

export function needlesOf(slots: readonly Slot[]): Needle[] {
  const names = new Map<string, string[]>();
  for (const { value, variable } of slots) names.set(value, [...(names.get(value) ?? []), variable]);
  return [...names]
    .filter(([value]) => value.length >= LOOKED_FOR_FROM)
    .map(([value, variables]) => ({
      name: [...new Set(variables)].join(' and '),
      bytes: Buffer.from(value),
    }));
}

/** One content after the other; each needle is found once. */
export class Search {
  #left: readonly Needle[];
  readonly #overlap: number;
  #tail: Buffer = NOTHING;

  constructor(needles: readonly Needle[]) {
    this.#left = needles;
    this.#overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length - 1));
  }

  begin(): void {
    this.#tail = NOTHING;
  }

  /** Which of them the content has that this part belongs to, as far as it has come. */
  feed(part: Buffer): readonly Needle[] {
    if (this.#left.length === 0) return [];
    const bytes = this.#tail.length === 0 ? part : Buffer.concat([this.#tail, part]);
    const found = this.#left.filter((needle) => bytes.includes(needle.bytes));
    if (found.length > 0) this.#left = this.#left.filter((needle) => !found.includes(needle));
    // A copy, so that the part itself can go.
    this.#tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - this.#overlap)));
    return found;
  }
}

/** Calls `feed` with one part of the file after the other, each gone with the next. Answers how many bytes there were. */
export function readParts(path: string, feed: (part: Buffer) => void): number {
  const file = openSync(path, 'r');
  try {
    for (let total = 0; ; ) {
      const count = readSync(file, PART, 0, PART.length, null);
      if (count === 0) return total;
      total += count;
      feed(PART.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}
