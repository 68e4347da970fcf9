/**
 * The clock of this machine, judged by what the inbox knows: its newest events, a mark that a running service leaves each hour
 * while its clock is believed, and the steady clock. Part of store.ts.
 *
 * While the clock is in doubt nothing is purged, an alarm says so, and numbers follow the time that is believed. The doubt ends
 * when the clock agrees again, when a provider's signature proves it, or when the service has run with it for as long
 * as the gap, a week at most: the machine may have been switched off for that long.
 */
import { steadyNow } from '../../base/steady-clock.ts';
import { DAY_MS, MINUTE_MS } from '../../base/times.ts';
import { firstNumberAt, timeOfNumber } from '../event-id.ts';
import type { OpenFiles } from './open-files.ts';
import type { Statements } from './statements.ts';

/** Clocks that are set by a time server step by less. */
const STEP_MS = 5 * MINUTE_MS;
/** A service may be stopped for so long without its clock being doubted. */
const STOPPED_MS = 3 * DAY_MS;
const BELIEVED_AFTER_MS = 7 * DAY_MS;
const MARK_MS = 30 * MINUTE_MS;
const NEWEST_JUDGED = 100;

/** What a service wrote down while its clock was believed. */
interface ClockMark {
  readonly at: number;
  /** The newest event's number. */
  readonly newest: number;
}

interface Anchor {
  /** The time that is believed to have been then, or the latest that it is known not to have been before. */
  readonly at: number;
  readonly steady: number;
  /** Whether it is only known that it was not earlier. */
  readonly isLeast: boolean;
}

/**
 * Answers with the latest time that is known to have been, or undefined if the clock may be believed. `newest`: the times of
 * the newest events, newest first. Of these a minority may lie in the future: then it was their clock that was wrong.
 */
export function doubtAt(
  now: number,
  mark: number | undefined,
  newest: readonly number[],
): number | undefined {
  if (mark !== undefined) return now < mark - STEP_MS || now > mark + STOPPED_MS ? mark : undefined;
  const past = newest.filter((time) => time <= now + STEP_MS);
  if (past.length * 2 < newest.length) {
    const median = newest[Math.floor(newest.length / 2)] as number;
    return newest.find((time) => time <= median + STOPPED_MS);
  }
  const [latest] = past;
  return latest !== undefined && now > latest + STOPPED_MS ? latest : undefined;
}

export class InboxClock {
  readonly #sql: Statements;
  readonly #startedAt = steadyNow();
  #anchor: Anchor;
  #markedAt = Number.NEGATIVE_INFINITY;

  constructor(sql: Statements, now: number) {
    this.#sql = sql;
    const written = sql.getMeta.get('clock')?.value;
    const mark = written === undefined ? undefined : (JSON.parse(written) as ClockMark);
    const newest = sql.newest.all(NEWEST_JUDGED).map(({ number }) => number);
    // Without that event it is not the inbox that the mark was made in.
    const isValid = mark && (newest[0] ?? 0) >= mark.newest;
    const known = doubtAt(now, isValid ? mark.at : undefined, newest.map(timeOfNumber));
    this.#anchor = { at: known ?? now, steady: this.#startedAt, isLeast: known !== undefined };
    // What comes in from now on must not end the doubt at the next start.
    if (known !== undefined && !isValid) this.#write({ at: known, newest: newest[0] ?? 0 });
  }

  /** How far the clock is ahead of what is believed, or behind it; 0 if it is believed. */
  doubtMs(now: number): number {
    const gap = now - this.#expected();
    const { isLeast } = this.#anchor;
    if (gap < -STEP_MS) return gap;
    if (gap <= (isLeast ? STOPPED_MS : STEP_MS)) return 0;
    const ranMs = steadyNow() - this.#startedAt;
    return isLeast && ranMs > Math.min(gap, BELIEVED_AFTER_MS) ? 0 : gap;
  }

  /** The newest number to go on from, if it is not this one: what a wrong clock gave is none. */
  lastAt(last: number, now: number): number {
    if (timeOfNumber(last) <= now) return last;
    const latest = Math.round(Math.max(now, this.#expected())) + STEP_MS;
    if (timeOfNumber(last) <= latest) return last;
    return this.#sql.lastBefore.get(firstNumberAt(latest))?.number ?? 0;
  }

  isMarkDue(now: number): boolean {
    return performance.now() - this.#markedAt > MARK_MS && this.doubtMs(now) === 0;
  }

  /** Part of a transaction. */
  mark(newest: number, now: number): void {
    this.#write({ at: now, newest });
    this.#markedAt = performance.now();
    this.believe(now);
  }

  /** A signature proves it, or all is as it should be: it goes on from here. */
  believe(now: number): void {
    this.#anchor = { at: now, steady: steadyNow(), isLeast: false };
  }

  #write(mark: ClockMark): void {
    this.#sql.setMeta.run('clock', JSON.stringify(mark));
  }

  #expected(): number {
    const { at, steady } = this.#anchor;
    return at + steadyNow() - steady;
  }
}

const JUMP_MS = 2_000;

/** Durations by the steady clock: times in the database move along when the wall clock is set. For thread.ts. */
export class ClockJumps {
  #offset = Date.now() - performance.now();

  /** Tells by how much the clock has been set since. If `shift` throws, the disk refuses, and the same is told again. */
  follow(shift: (byMs: number) => void, files: Pick<OpenFiles, 'note'>): void {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#offset) < JUMP_MS) return;
    try {
      shift(Math.round(offset - this.#offset));
      this.#offset = offset;
    } catch (error) {
      files.note(error);
    }
  }
}
