/**
 * One try of what it takes to keep an event: a row of some size in each of the tables, with all their locks, indexes and
 * constraints, and back again. A heartbeat shows that commits come through; this shows that there is room, and that no table is
 * locked. Called by health.ts.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';

/** More than may be left on the last pages of a full disk, and nothing that compresses. */
const BODY_BYTES = 32_768;
const HANDLER = 'consignee/probe';

interface ProbeOptions {
  /** One that no event has. */
  readonly number: number;
  readonly withinMs: number;
  /** Whether some handler is `latest`. */
  readonly hasLatest: boolean;
}

/** Rejects if it cannot be done, or takes longer once there is a connection. */
export async function tryToKeep(pool: pg.Pool, options: ProbeOptions): Promise<void> {
  const client = await pool.connect();
  // One question and one answer, however far the database is.
  const question = { text: statementsFor(options), query_timeout: options.withinMs };
  try {
    await client.query(question);
    client.release();
  } catch (error) {
    const isAnswer = (error as { code?: string }).code !== undefined;
    const isUsable = isAnswer && (await client.query('ROLLBACK').then(Boolean, () => false));
    client.release(isUsable ? undefined : (error as Error));
    throw error;
  }
}

function statementsFor({ number, withinMs, hasLatest }: ProbeOptions): string {
  const identity = randomBytes(16).toString('hex');
  const newest = `INSERT INTO newest (handler, thing, at, event) VALUES ('${HANDLER}', '\\x${identity}', 0, ${number});`;
  return `BEGIN; SET LOCAL statement_timeout = ${withinMs};
    INSERT INTO keys (identity, number, digest) VALUES ('\\x${identity}', ${number}, '\\x');
    INSERT INTO inbox (number, received_at, source, is_json, address, headers, evidence, body)
      SELECT ${number}, 0, 'consignee', false, '', '{}', '[]', string_agg(sha256(int4send(nth)), '')
      FROM generate_series(1, ${BODY_BYTES / 32}) AS nth;
    INSERT INTO work (event, handler, state, attempts, due, alone, behind)
      VALUES (${number}, '${HANDLER}', 'held', 0, 0, false, false);
    ${hasLatest ? newest : ''} ROLLBACK`;
}
