/**
 * The database's clock, by which a replica judges its own. Part of lease.ts, which asks for the time with each heartbeat; in
 * between the steady clock goes on.
 *
 * The two may differ a little: then this machine's time counts. If they are further apart than that, somebody's clock is wrong,
 * and all replicas go by the database's: what one of them numbers a year ahead or behind would be purged too late or too
 * soon, and hide how long others have waited.
 */
import { MINUTE_MS } from '../../base/times.ts';

const TRUSTED_MS = MINUTE_MS;

export class DatabaseClock {
  /** The database's time less the steady clock's; undefined until it has been asked. */
  #offset: number | undefined;

  /** The database's time, and by the steady clock when it was asked for and when the answer was here. */
  note(databaseNow: number, askedAt: number, answeredAt: number): void {
    this.#offset = databaseNow - (askedAt + answeredAt) / 2;
  }

  /** How far this machine's clock is ahead, below 0 if it is behind; 0 as long as the two do not differ by much. */
  get doubtMs(): number {
    if (this.#offset === undefined) return 0;
    const aheadMs = Math.round(Date.now() - performance.now() - this.#offset);
    return Math.abs(aheadMs) > TRUSTED_MS ? aheadMs : 0;
  }

  /** A time of this machine's clock, as the replicas have it in common. */
  inCommon(time: number): number {
    return time - this.doubtMs;
  }

  /** A time that the replicas have in common, as this machine's clock would have shown it. */
  onThisMachine(time: number): number {
    return time + this.doubtMs;
  }
}
