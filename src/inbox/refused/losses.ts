/**
 * Counts the refused requests that are not kept, or not any more, by source and reason: for the log, the alarm, the metrics, and
 * `events refused list`. Held by client.ts.
 */
import type { Log } from '../../base/log/log.ts';
import { MINUTE_MS } from '../../base/times.ts';

/** Why a refused request cannot be judged again, as a sentence about it goes on. */
export const LOSS_REASONS = {
  pushed_out: 'deleted, since others needed their room',
  flood: 'not kept, since too many came at a time',
  late: 'not kept, since too many bodies were still to come',
  unwritten: 'not kept, since they could not be written',
} as const;

export type LossReason = keyof typeof LOSS_REASONS;

export interface Losses {
  readonly source: string;
  readonly why: LossReason;
  /** Since the start of the service. */
  readonly count: number;
}

interface Counted {
  readonly source: string;
  readonly why: LossReason;
  count: number;
  said: number;
}

/** They are said so seldom. */
const SAY_EVERY_MS = MINUTE_MS;

/** The first of a minute are said at once, the others together when it is over. */
export class LossLog {
  readonly #log: Log;
  readonly #say: (losses: Losses) => void;
  readonly #counted = new Map<string, Counted>();
  #timer: NodeJS.Timeout | undefined;

  /** `say` hears of what has not been said, beside the log. */
  constructor(log: Log, say: (losses: Losses) => void = () => {}) {
    this.#log = log;
    this.#say = say;
  }

  note(source: string, why: LossReason, count: number): void {
    const key = `${source} ${why}`;
    const counted = this.#counted.get(key);
    if (counted) counted.count += count;
    else this.#counted.set(key, { source, why, count, said: 0 });
    if (!this.#timer) this.#sayNews();
  }

  /** Since the start of the service. */
  all(): Losses[] {
    return [...this.#counted.values()];
  }

  /** Says what has not been said yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#sayNews();
    clearTimeout(this.#timer);
  }

  #sayNews(): void {
    this.#timer = undefined;
    const news = [...this.#counted.values()].filter(({ count, said }) => count > said);
    if (news.length === 0) return;
    for (const one of news) {
      const { source, why } = one;
      const count = one.count - one.said;
      one.said = one.count;
      this.#log.warn({ source, count, why }, `refused requests were ${LOSS_REASONS[why]}`);
      this.#say({ source, why, count });
    }
    this.#timer = setTimeout(() => this.#sayNews(), SAY_EVERY_MS).unref();
  }
}
