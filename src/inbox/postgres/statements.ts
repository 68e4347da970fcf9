/**
 * Statements that run all the time: each has one text for any number of rows, and is planned once for each connection.
 *
 * Connections have joins by hash and merge switched off (connection.ts), so that tables are read by index, row by row. Lists
 * of the batch itself are matched by `(… IN (SELECT …)) IS TRUE`, which the planner leaves as it is, and looks up by hash.
 */
import type pg from 'pg';
import { statesInSql } from '../event-states.ts';

/** The database's clock, as milliseconds since 1970; it stands still within a statement. */
export const NOW_MS = '(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

export type Asked = Pick<pg.ClientBase, 'query'>;

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Stores a whole batch, and what is to be done with it. Returns the numbers of those that are new. */
export const KEEP: Statement = {
  name: 'keep',
  text: `WITH fresh AS (
    INSERT INTO keys (identity, number, digest)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])
    ON CONFLICT (identity) DO NOTHING
    RETURNING number
  ), stored AS (
    INSERT INTO inbox (number, received_at, source, type, external_id, is_json, held, address, headers, evidence, body)
    SELECT given.* FROM unnest($2::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[],
      $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[]) AS given (number)
    WHERE (number IN (SELECT number FROM fresh)) IS TRUE
  ), planned AS (
    INSERT INTO work (event, handler, state, attempts, due, alone, behind, owner)
    SELECT event, handler, state, (state = 'handling')::int, 0, false, false, CASE WHEN state = 'handling' THEN $17::bigint END
    FROM unnest($14::bigint[], $15::text[], $16::text[]) AS planned (event, handler, state)
    WHERE (event IN (SELECT number FROM fresh)) IS TRUE
  )
  SELECT number FROM fresh`,
};

export const KNOWN: Statement = {
  name: 'known',
  text: 'SELECT identity, number, digest FROM keys WHERE identity = ANY ($1::bytea[])',
};

/**
 * Claims what is due for each handler, oldest first: as many as it has room for, as long as their bodies together fit into
 * the bytes that are left. Rows that another replica is claiming at this moment are passed over.
 */
export const CLAIM: Statement = {
  name: 'claim',
  text: `WITH due AS (
    SELECT event, handler, row, (SELECT octet_length(body) FROM inbox WHERE number = event) AS length
    FROM unnest($1::text[], $2::int[]) AS wanted (name, most)
    CROSS JOIN LATERAL (
      SELECT event, handler, ctid AS row FROM work
      WHERE handler = wanted.name AND state = 'pending' AND NOT alone AND NOT behind AND due <= ${NOW_MS}
      ORDER BY due, event LIMIT wanted.most FOR UPDATE SKIP LOCKED
    ) AS found
  ), fitting AS (
    SELECT row, sum(length) OVER (ORDER BY event, handler) AS bytes, row_number() OVER (ORDER BY event, handler) AS place
    FROM due WHERE length IS NOT NULL
  ), claimed AS (
    UPDATE work SET state = 'handling', attempts = attempts + 1, owner = $3
    WHERE ctid = ANY (ARRAY(SELECT row FROM fitting WHERE bytes <= $4::bigint OR ($5::boolean AND place = 1)))
      AND state = 'pending'
    RETURNING event, handler, attempts
  )
  SELECT event, handler, attempts AS attempt, source, type, external_id AS "externalId",
    received_at AS "receivedAt", headers, body
  FROM claimed CROSS JOIN LATERAL (SELECT * FROM inbox WHERE number = event OFFSET 0) AS stored
  ORDER BY event, handler`,
};

/**
 * Writes down how attempts went, once for each. Only rows that this replica still owns, at that very attempt, are changed: a
 * late settlement of one that was taken over or given up changes nothing. Returns those that counted.
 */
export const SETTLE: Statement = {
  name: 'settle',
  text: `WITH given AS (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::int[], $5::text[], $6::int[], $7::bigint[], $8::boolean[],
      $9::bigint[], $10::int[], $11::text[], $12::text[], $13::text[], $14::text[])
    AS given (event, handler, attempt, state, counted, wait, alone, started_at, ms, outcome, error, status, output)
  ), owned AS (
    SELECT given.*, row FROM given CROSS JOIN LATERAL (
      SELECT ctid AS row, attempts, state AS was, owner FROM work
      WHERE event = given.event AND handler = given.handler OFFSET 0 FOR UPDATE
    ) AS found
    WHERE attempts = given.attempt AND was = 'handling' AND owner = $1
  ), finished AS (
    DELETE FROM work WHERE ctid = ANY (ARRAY(SELECT row FROM owned WHERE state IN (${statesInSql('end')})))
    RETURNING event, handler, attempts AS attempt
  ), changed AS (
    UPDATE work SET state = owned.state, attempts = owned.counted, alone = owned.alone, owner = NULL,
      due = CASE WHEN owned.wait = 0 THEN 0 ELSE ${NOW_MS} + owned.wait END
    FROM owned WHERE work.ctid = owned.row AND owned.state IN ('pending', 'dead')
    RETURNING owned.event, owned.handler, owned.attempt
  ), settled AS (SELECT * FROM finished UNION ALL SELECT * FROM changed
  ), recorded AS (
    INSERT INTO attempts
    SELECT event, handler, started_at, attempt, ms, outcome, error, status, output
    FROM given WHERE ((event, handler, attempt) IN (SELECT event, handler, attempt FROM settled)) IS TRUE
    ON CONFLICT (event, handler, started_at, attempt) DO UPDATE SET ms = excluded.ms, outcome = excluded.outcome,
      error = excluded.error, status = excluded.status, output = excluded.output
  )
  SELECT event, handler, attempt FROM settled`,
};
