/**
 * When each source spoke in a time gone by: its last event of every hour, newest hours first. For the alarms.
 *
 * The number of events that are looked at is bounded: behind very many the past is cut short.
 */
import type { Database } from './contract.ts';
import { readPast as readPostgres } from './postgres/past.ts';
import { readPast as readSqlite } from './sqlite/past.ts';

export interface Spoken {
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Rejects if the inbox cannot be read, or when the signal says so. */
export function readPast(
  database: Database,
  from: number,
  until: number,
  signal: AbortSignal,
): Promise<Spoken[]> {
  if (database.kind === 'sqlite') return readSqlite(database.path, from, until, signal);
  return readPostgres(database.url, from, until, signal);
}
