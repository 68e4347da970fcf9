/**
 * Tells how old a setting's current secret is. `<SETTING>_SINCE=2026-08-01` says so; without it, a secret from a file is as
 * old as the file's last change, and the age of a value in the environment is not known.
 */
import { statSync } from 'node:fs';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { DAY_MS } from '../words.ts';
import type { Slot } from './slots.ts';

/** `unreadable`: the setting is not a date, or the date lies ahead. */
export type Age = { readonly days: number; readonly by: string } | 'unknown' | 'unreadable';

export function sinceSetting(setting: string): string {
  return `${setting}_SINCE`;
}

export function ageOf({ setting, file }: Slot, environment: Environment, now: number): Age {
  const since = textOf(environment, sinceSetting(setting));
  if (since !== undefined) {
    const at = /^\d{4}-\d\d-\d\d$/.test(since) ? Date.parse(since) : Number.NaN;
    // A day ahead is a time zone, more is a slip of the pen.
    if (!(at <= now + DAY_MS)) return 'unreadable';
    return { days: daysSince(at, now), by: sinceSetting(setting) };
  }
  const changedAt = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return changedAt === undefined ? 'unknown' : { days: daysSince(changedAt, now), by: 'its file' };
}

function daysSince(at: number, now: number): number {
  return Math.max(0, Math.floor((now - at) / DAY_MS));
}
