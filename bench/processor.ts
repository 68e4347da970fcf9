/** Processor time of other processes, in microseconds, as Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts it in hundredths of a second. */
const TICK_MICROS = 10_000;

interface Times {
  readonly parent: number;
  /** Of the process and all its threads. */
  readonly own: number;
  /** Of its children that have ended. */
  readonly ended: number;
}

/** A process and all its threads. */
export function cpuMicrosOf(pid: number): number {
  return timesOf(String(pid))?.own ?? 0;
}

/** A process and its children, those that have ended included. */
export function cpuMicrosOfFamily(pid: number): number {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = numbers.map(timesOf).filter((times) => times?.parent === pid);
  const parent = timesOf(String(pid));
  return children.reduce((sum, times) => sum + (times?.own ?? 0), (parent?.own ?? 0) + (parent?.ended ?? 0));
}

/** Undefined if there is no such process any more. */
function timesOf(pid: string): Times | undefined {
  try {
    // Behind the name, which may have anything in it.
    const [, parent, ...fields] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(9, 13).map(Number);
    return {
      parent: Number(parent),
      own: (user + system) * TICK_MICROS,
      ended: (childrenUser + childrenSystem) * TICK_MICROS,
    };
  } catch {
    return undefined;
  }
}
