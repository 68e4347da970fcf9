/**
 * Collects the rows of concurrent attempts, so that many events are one request. A batch leaves when it has `rowsMax` rows or
 * `bytesMax` bytes, or `waitMs` after its first row; each attempt ends with the fate of its own row.
 */
import type { Fate, Fates, TableRow } from './insert.ts';

interface BatchRow {
  readonly row: TableRow;
  readonly bytes: number;
  /** Of the attempt. */
  readonly signal: AbortSignal;
}

interface BatcherOptions {
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly waitMs: number;
  /** Tells the fate of every row that it is given, even when the signal aborts. */
  readonly insert: (rows: readonly TableRow[], signal: AbortSignal) => Promise<Fates>;
}

interface WaitingRow extends BatchRow {
  readonly settle: (fate: Fate) => void;
  readonly fail: (error: unknown) => void;
}

export class Batcher {
  readonly #options: BatcherOptions;
  #waiting: WaitingRow[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  add(row: BatchRow): Promise<Fate> {
    const { rowsMax, bytesMax, waitMs } = this.#options;
    if (this.#waiting.length > 0 && this.#bytes + row.bytes > bytesMax) this.#leave();
    const { promise, resolve: settle, reject: fail } = Promise.withResolvers<Fate>();
    this.#waiting.push({ ...row, settle, fail });
    this.#bytes += row.bytes;
    if (this.#waiting.length >= rowsMax || this.#bytes >= bytesMax) this.#leave();
    else this.#timer ??= setTimeout(() => this.#leave(), waitMs);
    return promise;
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    void this.#insert(batch);
  }

  async #insert(batch: readonly WaitingRow[]): Promise<void> {
    try {
      // All of them abort when the service stops. A single attempt does not end before its batch: it has more time.
      const signal = AbortSignal.any(batch.map((waiting) => waiting.signal));
      const fates = await this.#options.insert(
        batch.map(({ row }) => row),
        signal,
      );
      for (const { row, settle } of batch) settle(fates.get(row) as Fate);
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }
}
