/** Every statement of the inbox thread, prepared once, with the type of its rows. The tables are in migrations/. */
import type { DatabaseSync } from 'node:sqlite';
import { DAY_MS } from '../../base/times.ts';
import { CAUSES_PAST_MAX } from '../cause.ts';
import type { AttemptKey, Backlog, Delivery } from '../contract.ts';
import { ADD_DUPLICATE, PURGE_DUPLICATES } from '../counts.ts';
import { inBatchSql } from '../event-id.ts';
import type { WorkState } from '../event-states.ts';
import type { OrderedEvent } from '../order.ts';
import { prepareQuery, type SqlRow } from '../sqlite-file.ts';
import { ofBatches } from './batches.ts';
import { operatorStatementsOf } from './operator-statements.ts';
import { ofTallies } from './tallies.ts';

/** Nothing is ever put off for longer: a later time was written by a clock that was wrong, and is cut. */
export const DUE_MAX_MS = 31 * DAY_MS;

export type StoredEvent = Pick<Delivery, 'type' | 'externalId' | 'receivedAt' | 'headers'> & {
  readonly body: Uint8Array;
};

export interface DueWork {
  readonly event: number;
  readonly handler: string;
  readonly attempts: number;
  readonly alone: number;
  /** Null of a whole event, as are the two others. */
  readonly batch: number | null;
  readonly itemAt: number | null;
  readonly itemLength: number | null;
}

const DUE_WORK = 'event, handler, attempts, alone, batch, item_at AS itemAt, item_length AS itemLength';
/** For a row of `inbox`. */
const IN_BATCH = inBatchSql(
  'work.event',
  'number',
  '(SELECT last FROM batches WHERE batches.event = number)',
);

export type Statements = ReturnType<typeof statementsOf>;

export function statementsOf(database: DatabaseSync) {
  return {
    ...ofEvents(database),
    ...ofWork(database),
    ...ofBatches(database),
    ...ofNewest(database),
    ...ofTallies(database),
    ...operatorStatementsOf(database),
  };
}

function ofEvents(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const query = <Row extends SqlRow<Row>>(sql: string) => prepareQuery<Row>(database, sql);
  return {
    insertEvent: prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, type, external_id,
      is_json, held, address, headers, evidence, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    byIdentity: query<{ number: number; digest: Uint8Array }>(
      'SELECT number, digest FROM inbox WHERE identity = ?',
    ),
    namesByIdentity: query<{ number: number; type: string | null; externalId: string | null }>(
      'SELECT number, type, external_id AS externalId FROM inbox WHERE identity = ?',
    ),
    evidenceOf: query<{ evidence: string | null }>('SELECT evidence FROM inbox WHERE number = ?'),
    eventForDelivery:
      query<StoredEvent>(`SELECT type, external_id AS externalId, received_at AS receivedAt, headers, body
      FROM inbox WHERE number = ?`),
    eventForOrder: query<Omit<OrderedEvent, 'states'>>(
      'SELECT source, type, body FROM inbox WHERE number = ?',
    ),

    hasBody: query<{ has: number }>('SELECT body IS NOT NULL AS has FROM inbox WHERE number = ?'),

    /** The last number that is taken below one, by an event or an item. */
    lastBefore: query<{ number: number | null }>(`SELECT max(number) AS number FROM (
      SELECT max(number) AS number FROM inbox WHERE number < ?1 UNION ALL SELECT * FROM (
      SELECT min(last, ?1 - 1) FROM batches WHERE event < ?1 ORDER BY event DESC LIMIT 1))`),
    newest: query<{ number: number }>('SELECT number FROM inbox ORDER BY number DESC LIMIT ?'),

    deleteAttempts: prepare('DELETE FROM attempts WHERE event BETWEEN ? AND ?'),

    purgeable: query<{ number: number; busy: number; purged: number }>(`SELECT number, body IS NULL AS purged,
      EXISTS (SELECT 1 FROM work WHERE ${IN_BATCH}) AS busy
      FROM inbox WHERE number > ? AND number < ? ORDER BY number LIMIT ?`),
    stripEvent: prepare('UPDATE inbox SET headers = NULL, evidence = NULL, body = NULL WHERE number = ?'),
    deleteEvent: prepare('DELETE FROM inbox WHERE number = ?'),

    noteUse: prepare(`INSERT INTO secret_uses (source, scheme, secret, form, count, last_at)
      VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`),

    addDuplicate: prepare(ADD_DUPLICATE),
    purgeDuplicates: prepare(PURGE_DUPLICATES),

    getMeta: query<{ value: string }>('SELECT value FROM meta WHERE key = ?'),
    setMeta: prepare(`INSERT INTO meta (key, value) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET value = excluded.value`),
  };
}

function ofWork(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const query = <Row extends SqlRow<Row>>(sql: string) => prepareQuery<Row>(database, sql);
  return {
    insertWork: prepare(`INSERT INTO work (event, handler, state, attempts, due, alone, thing, behind)
      VALUES (?, ?, ?, ?, 0, 0, ?, ?)`),
    workOfEvent: query<{ handler: string; state: WorkState }>(
      'SELECT handler, state FROM work WHERE event = ?',
    ),
    handling: query<AttemptKey>(
      "SELECT event, batch, handler, attempts AS attempt FROM work WHERE state = 'handling'",
    ),
    startWork: prepare(`UPDATE work SET state = 'handling', attempts = attempts + 1
      WHERE event = ? AND handler = ?`),
    finishWork: prepare(`DELETE FROM work
      WHERE event = ? AND handler = ? AND attempts = ? AND state = 'handling'`),
    updateWork:
      prepare(`UPDATE work SET state = ?, attempts = ?, due = ?, alone = ?, cause = coalesce(?, cause)
      WHERE event = ? AND handler = ? AND attempts = ? AND state = 'handling'`),
    replayWork: prepare(`INSERT INTO work
      (event, handler, state, attempts, due, alone, thing, behind, since, batch, item_at, item_length)
      VALUES ($event, $handler, 'pending', 0, $due, 0, $thing, $behind, $since, $batch, $itemAt, $itemLength)
      ON CONFLICT DO UPDATE
      SET state = 'pending', attempts = 0, due = excluded.due, alone = 0, cause = NULL, thing = excluded.thing,
        behind = excluded.behind, since = excluded.since`),
    workAt: query<{ state: WorkState; due: number }>(
      'SELECT state, due FROM work WHERE event = ? AND handler = ?',
    ),
    deleteWork: prepare('DELETE FROM work WHERE event = ? AND handler = ?'),
    due: query<DueWork>(`SELECT ${DUE_WORK} FROM work
      WHERE handler = ? AND state = 'pending' AND alone = 0 AND behind = 0 AND due <= ? ORDER BY due, event LIMIT ?`),
    nextDue: query<{ due: number }>(`SELECT due FROM work
      WHERE handler = ? AND state = 'pending' AND alone = 0 AND behind = 0 ORDER BY due LIMIT 1`),
    /** The second parameter, or the only one: the handlers that are paused, each in a line of its own. */
    dueAlone: query<DueWork>(`SELECT ${DUE_WORK} FROM work
      WHERE state = 'pending' AND alone = 1 AND due <= ? AND instr(?, char(10) || handler || char(10)) = 0
      ORDER BY due, event LIMIT 1`),
    nextAlone: query<{ due: number }>(`SELECT due FROM work
      WHERE state = 'pending' AND alone = 1 AND instr(?, char(10) || handler || char(10)) = 0 ORDER BY due LIMIT 1`),
    suspects: query<{ handler: string }>('SELECT DISTINCT handler FROM work WHERE alone = 1'),
    forgetSuspects: prepare('UPDATE work SET alone = 0 WHERE alone = 1 AND handler = ?'),
    waiting: query<{ handler: string }>('SELECT DISTINCT handler FROM work WHERE behind = 1'),
    free: prepare('UPDATE work SET behind = 0, thing = NULL WHERE handler = ? AND thing IS NOT NULL'),
    oldestPending: query<{ event: number }>(`SELECT event FROM work
      WHERE state = 'pending' AND alone = 0 AND since IS NULL ORDER BY event LIMIT 1`),
    oldestReplayed: query<{ since: number }>(`SELECT since FROM work
      WHERE state = 'pending' AND since IS NOT NULL ORDER BY since LIMIT 1`),
    backlog: query<Backlog>('SELECT handler, state, count(*) AS count FROM work GROUP BY handler, state'),

    shiftDue: prepare("UPDATE work SET due = max(0, due + ?) WHERE state = 'pending' AND due > 0"),
    clampDue: prepare("UPDATE work SET due = ? WHERE state = 'pending' AND due > ?"),

    seeCause: prepare('UPDATE causes SET last_at = ?, seen = seen + 1 WHERE handler = ? AND cause = ?'),
    countCauses: query<{ count: number }>('SELECT count(*) AS count FROM causes'),
    insertCause: prepare(`INSERT INTO causes (handler, cause, sample, first_at, last_at, seen)
      VALUES (?, ?, ?, ?, ?, 1)`),
    purgeCauses: prepare(`DELETE FROM causes WHERE NOT EXISTS
      (SELECT 1 FROM work WHERE work.handler = causes.handler AND work.cause = causes.cause)
      AND (last_at < ? OR (handler, cause) NOT IN
        (SELECT handler, cause FROM causes ORDER BY last_at DESC LIMIT ${CAUSES_PAST_MAX}))`),

    insertAttempt: prepare(`INSERT OR REPLACE INTO attempts (event, handler, started_at, attempt, ms, outcome,
      error, status, output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  };
}

function ofNewest(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const query = <Row extends SqlRow<Row>>(sql: string) => prepareQuery<Row>(database, sql);
  return {
    newestOf: query<{ at: number; recordedAt: number; event: number }>(
      'SELECT at, recorded_at AS recordedAt, event FROM newest WHERE handler = ? AND thing = ?',
    ),
    setNewest: prepare(`INSERT INTO newest (handler, thing, at, event, recorded_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET at = excluded.at, event = excluded.event, recorded_at = excluded.recorded_at`),
    forgetNewest: prepare('DELETE FROM newest WHERE event BETWEEN ? AND ?'),
    thingOf: query<{ thing: Uint8Array | null }>('SELECT thing FROM work WHERE event = ? AND handler = ?'),
    workOfThing: query<{ event: number; state: WorkState; attempts: number }>(
      'SELECT event, state, attempts FROM work WHERE handler = ? AND thing = ? AND event <> ?',
    ),
    unblock: prepare('UPDATE work SET behind = 0 WHERE handler = ? AND thing = ?'),
  };
}
