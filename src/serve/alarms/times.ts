/** Times and durations in the words of alarms. */

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const;

/** Two or more of the largest unit there are two of: `90 minutes`, `36 hours`, `3 days`. */
export function durationOf(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['seconds', 1_000];
  return `${Math.round(ms / unitMs)} ${unit}`;
}

/** `14:02 UTC`, with the day unless it is today. */
export function clockTimeOf(time: number, now: number): string {
  const [day, clock] = new Date(time).toISOString().split('T') as [string, string];
  const isToday = new Date(now).toISOString().startsWith(day);
  return `${isToday ? '' : `${day} `}${clock.slice(0, 5)} UTC`;
}
