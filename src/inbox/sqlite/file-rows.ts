/** What is read of an SQLite file that moves to another database, and its rows as those that move. For export.ts. */
import { inBatchSql } from '../event-id.ts';
import type { MovedEvent, MovedWork } from '../move-rows.ts';
import { DUE_MAX_MS } from './statements.ts';

type Bytes = Uint8Array;
/** In a row bytes are no Buffer, and truth is a number. */
export type FileRow<T> = {
  readonly [Column in keyof T]: T[Column] extends boolean
    ? number
    : Buffer extends T[Column]
      ? Exclude<T[Column], Buffer> | Bytes
      : T[Column];
};

export function movedEvent({ identity, digest, isJson, body, ...row }: FileRow<MovedEvent>): MovedEvent {
  return {
    ...row,
    identity: bufferOf(identity),
    digest: bufferOf(digest),
    isJson: isJson === 1,
    body: body === null ? null : bufferOf(body),
  };
}

export function movedWork({ due, alone, behind, thing, ...row }: FileRow<MovedWork>): MovedWork {
  return {
    ...row,
    due: Math.min(due, Date.now() + DUE_MAX_MS),
    alone: alone === 1,
    behind: behind === 1,
    thing: thing === null ? null : bufferOf(thing),
  };
}

export function bufferOf({ buffer, byteOffset, byteLength }: Bytes): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

const IS_OF_EVENT = inBatchSql('event', 'number', '(SELECT last FROM batches WHERE batches.event = number)');

// Events from before there was evidence have none.
export const EVENTS_MOVED = `SELECT number, received_at AS receivedAt, source, identity, digest, type, external_id AS externalId,
  is_json AS isJson, held, address, coalesce(headers, '{}') AS headers, coalesce(evidence, '[]') AS evidence, body
  FROM inbox ORDER BY number`;

export const MARKS_MOVED = `SELECT number, digest, body IS NULL AS isPurged,
  CASE WHEN body IS NOT NULL THEN (SELECT count(*) FROM attempts WHERE ${IS_OF_EVENT}) ELSE 0 END AS attempts,
  CASE WHEN body IS NOT NULL THEN (SELECT count(*) FROM work WHERE ${IS_OF_EVENT}) ELSE 0 END AS work,
  CASE WHEN body IS NOT NULL THEN (SELECT count(*) FROM newest WHERE ${IS_OF_EVENT}) ELSE 0 END AS states
  FROM inbox ORDER BY number`;

export const ATTEMPTS_MOVED = `SELECT event, handler, started_at AS startedAt, attempt, ms, outcome, error, status, output
  FROM attempts WHERE event BETWEEN ? AND ?`;

export const WORK_MOVED = `SELECT event, handler, state, attempts, due, alone, behind, thing, cause, since,
  batch, item_at AS itemAt, item_length AS itemLength FROM work WHERE event BETWEEN ? AND ?`;

export const NEWEST_MOVED = `SELECT handler, thing, at, event, recorded_at AS recordedAt
  FROM newest WHERE event BETWEEN ? AND ?`;

export const LISTS_MOVED = 'SELECT event, last FROM batches WHERE event BETWEEN ? AND ?';

export const CAUSES_MOVED =
  'SELECT handler, cause, sample, first_at AS firstAt, last_at AS lastAt, seen FROM causes';

export const USES_MOVED = 'SELECT source, scheme, secret, form, count, last_at AS lastAt FROM secret_uses';

export const ACTIONS_MOVED = `SELECT at, who, verb, about, up_to AS upTo, cursor, state, found, changed, skipped, failed, remark,
  ended_at AS endedAt FROM actions ORDER BY id`;
