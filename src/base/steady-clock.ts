/**
 * A clock that nobody sets, to judge the wall clock by: it says nothing about the time of day, only how much has passed. On
 * Linux it counts from the start of the machine, goes on while the machine sleeps, and is the same for every thread and
 * process; elsewhere it is the thread's own.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

export function steadyNow(): number {
  return process.platform === 'linux' ? uptime() * 1_000 : performance.now();
}

/** What the wall clock is by the steady clock. Two readings compare if the steady clock is the same one. */
export interface ClockReading {
  readonly steadyClock: string;
  /** Milliseconds since 1970 less the steady time: a constant, as long as nobody sets the clock. */
  readonly offsetMs: number;
}

const steadyClock = nameSteadyClock();

export function readClock(): ClockReading {
  return { steadyClock, offsetMs: Math.round(Date.now() - steadyNow()) };
}

/** By how much the clock was set ahead between two readings; 0 if nobody knows. */
export function stepBetween(before: ClockReading, after: ClockReading): number {
  return before.steadyClock === after.steadyClock ? after.offsetMs - before.offsetMs : 0;
}

function nameSteadyClock(): string {
  try {
    if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Some sandboxes do not tell.
  }
  return crypto.randomUUID();
}
