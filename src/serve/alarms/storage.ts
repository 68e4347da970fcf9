/** Where events are kept: room on the disk, an inbox that takes writes, refused requests that could be kept. */
import type { Finding } from './alarm.ts';
import { durationOf } from './times.ts';

export function diskFindings(freeMb: number, leastMb: number): Finding[] {
  if (freeMb >= leastMb) return [];
  return [
    {
      subject: '',
      says: `${freeMb} MiB are free on the disk of the inbox, less than ${leastMb}`,
      fix: 'Make room or give it a larger disk: once it is full, every webhook is answered with 503.',
    },
  ];
}

/** One bad moment is no alarm: the inbox has taken no writes at two looks in a row. */
export class InboxWrites {
  #failingSince: number | undefined;

  findings(takesWrites: boolean, now: number): Finding[] {
    const since = this.#failingSince;
    this.#failingSince = takesWrites ? undefined : (since ?? now);
    if (takesWrites || since === undefined) return [];
    return [
      {
        subject: '',
        since,
        says: 'the inbox takes no writes: every webhook is answered with 503',
        fix: 'Look at its disk (full, read-only or gone?) or its database. The log has the reason that was given.',
      },
    ];
  }
}

/** Refused requests that were dropped since too many came, or their disk did not keep up; for a window after the last. */
export class Unkept {
  readonly #windowMs: number;
  #before = 0;
  #dropped = 0;
  #grewAt = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `dropped` counts since the service started. */
  findings(dropped: number, now: number): Finding[] {
    if (dropped > this.#dropped) this.#grewAt = now;
    this.#dropped = dropped;
    if (now - this.#grewAt >= this.#windowMs) {
      this.#before = dropped;
      return [];
    }
    const says = `${dropped - this.#before} refused requests could not be kept, the last of them less than ${durationOf(this.#windowMs)} ago`;
    const fix =
      'They cannot be judged again with another secret. `events refused list` says who sends so many.';
    return [{ subject: '', says, fix }];
  }
}
