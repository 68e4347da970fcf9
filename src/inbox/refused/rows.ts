/** Refused requests as they are read from their rows, with what has become of the clock since. Asked by store.ts. */
import type { DatabaseSync } from 'node:sqlite';
import { type ClockReading, readClock, stepBetween } from '../../base/steady-clock.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { prepareQuery } from '../sqlite-file.ts';
import type { RefusedRequest } from './client.ts';

export type NumberedRequest = RefusedRequest & {
  readonly number: number;
  /** By how much the clock was set ahead since it came; 0 if it was not, or nobody knows. */
  readonly clockStepMs: number;
};

interface ClockColumns {
  readonly clockOffset: number | null;
  readonly clockName: string | null;
}

type RequestRow = Omit<NumberedRequest, 'body' | 'tokenDigest' | 'clockStepMs'> &
  ClockColumns & { readonly body: Uint8Array; readonly tokenDigest: Uint8Array | null };

/** Bodies may be large: the edge judges few at a time. */
const BYTES_AT_ONCE = 8 * 1_048_576;
const WRITTEN_WITHIN_MS = MINUTE_MS;
const CLOCK = 'clock_offset AS clockOffset, clock_name AS clockName';
const REQUEST = `number, id, received_at AS receivedAt, source, code, reason, address, headers, credentials,
  token_digest AS tokenDigest, body, enforced, query, ${CLOCK}`;

/** Of a source, oldest first, behind a number: so many at most, and not many bytes. None: there are no more. */
export function nextRequests(
  database: DatabaseSync,
  source: string,
  after: number,
  most: number,
): NumberedRequest[] {
  const rows = database
    .prepare(`SELECT ${REQUEST} FROM refused WHERE source = ? AND number > ? ORDER BY number LIMIT ?`)
    .iterate(source, after, most) as Iterable<RequestRow>;
  const clock = readClock();
  const next: NumberedRequest[] = [];
  let bytes = 0;
  for (const row of rows) {
    next.push(requestFrom(row, clock));
    bytes += row.body.length;
    if (bytes >= BYTES_AT_ONCE) break;
  }
  return next;
}

export function requestWithId(database: DatabaseSync, id: string): NumberedRequest | undefined {
  const row = prepareQuery<RequestRow>(database, `SELECT ${REQUEST} FROM refused WHERE id = ?`).get(id);
  return row && requestFrom(row, readClock());
}

function requestFrom(
  { tokenDigest, body, clockOffset, clockName, ...rest }: RequestRow,
  clock: ClockReading,
): NumberedRequest {
  return {
    ...rest,
    clockStepMs: stepSince({ clockOffset, clockName }, clock),
    body: Buffer.from(body.buffer, body.byteOffset, body.length),
    ...(tokenDigest && { tokenDigest: Buffer.from(tokenDigest) }),
  };
}

/** The clock as it was a moment ago, at that time by itself. */
export function clockAt(time: number): ClockReading {
  const clock = readClock();
  const behindMs = Date.now() - time;
  // A request is written when its body has come. A longer time was none: the clock was set in between.
  return Math.abs(behindMs) < WRITTEN_WITHIN_MS ? clock : { ...clock, offsetMs: clock.offsetMs - behindMs };
}

export function stepSinceNewest(database: DatabaseSync): number {
  const newest = `SELECT ${CLOCK} FROM refused ORDER BY number DESC LIMIT 1`;
  const row = prepareQuery<ClockColumns>(database, newest).get();
  return row ? stepSince(row, readClock()) : 0;
}

function stepSince({ clockOffset: offsetMs, clockName: steadyClock }: ClockColumns, clock: ClockReading) {
  // It was kept by an earlier version.
  if (offsetMs === null || steadyClock === null) return 0;
  return stepBetween({ offsetMs, steadyClock }, clock);
}
