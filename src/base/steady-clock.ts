/**
 * A clock that nobody sets, to judge the wall clock by: it says nothing about the time of day, only how much has passed. On
 * Linux it counts from the start of the machine, goes on while the machine sleeps, and is the same for every thread and
 * process; elsewhere it is the thread's own.
 */
import { uptime } from 'node:os';

export function steadyNow(): number {
  return process.platform === 'linux' ? uptime() * 1_000 : performance.now();
}

/** Milliseconds since 1970 less the steady time: a constant, as long as nobody sets the clock. */
export function wallOffset(): number {
  return Date.now() - steadyNow();
}
