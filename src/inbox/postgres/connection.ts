/**
 * Connections to PostgreSQL. The one place that knows how they are made: by the inbox thread, and by the commands.
 *
 * bigint comes back as a number (event numbers and times are safe integers), bytea as a Buffer. A connection that breaks
 * ends no process: whoever asks next is told of it. What is committed on any of them is on disk (fitness.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { InboxKnobs } from '../messages.ts';
import { DURABLE_COMMITS, DURABLE_SESSION, type Facts, refuseUnfit } from './fitness.ts';

const CONNECT_MS = 2_000;
/** The driver gives a connection up when the database has not kept its own limit. */
const GRACE_MS = 500;
const INT8 = 20;
const READ_ONLY = '25006';

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

export type Connection = pg.Client;

/** A connection, or a pool: whatever a statement can be sent through. */
export type Asked = Pick<pg.ClientBase, 'query'>;

/** The database's clock, as milliseconds since 1970; it stands still within a statement. */
export const NOW_MS = '(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

/**
 * One connection of its own, `withinMs`: with that limit on each of its statements. Rejects with an Error that names no
 * secret.
 */
export async function connect(url: string, withinMs?: number): Promise<Connection> {
  const client = new pg.Client({
    ...optionsOf(url),
    ...(withinMs !== undefined && { query_timeout: withinMs }),
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`SELECT ${DURABLE_COMMITS}`);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** Connections are made when they are needed, and kept; one that failed is thrown away. */
export function createPool(
  url: string,
  { connections, statementMs }: Pick<InboxKnobs['postgres'], 'connections' | 'statementMs'>,
): pg.Pool {
  const pool = new pg.Pool({
    ...optionsOf(url),
    max: connections,
    query_timeout: statementMs + GRACE_MS,
    idleTimeoutMillis: 0,
    onConnect: (client) => prepareSession(client, statementMs),
  });
  pool.on('error', () => {});
  // The pool itself does not listen to one that is in a transaction.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** All the connections that it may have, now: when they are needed others may have taken what the server can give. */
export async function openAll(pool: pg.Pool): Promise<void> {
  const opened = await Promise.allSettled(Array.from({ length: pool.options.max }, () => pool.connect()));
  for (const one of opened) if (one.status === 'fulfilled') one.value.release();
}

/**
 * By statements of its own rather than as part of the start, which poolers are particular about. Every statement of the
 * inbox finds its rows by index, a few of them: a plan that was made while the tables were small, and reads them whole,
 * would stay in force while they grow. Nor is any of them worth compiling. Without joins by hash, lists of a batch itself are
 * matched by `(… IN (SELECT …)) IS TRUE`, which the planner leaves as it is, and looks up by hash. A server that is not fit any
 * more gets no session.
 */
async function prepareSession(client: pg.ClientBase, statementMs: number): Promise<void> {
  await client.query(`SET statement_timeout = ${statementMs}; SET idle_in_transaction_session_timeout = ${statementMs};
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`);
  refuseUnfit((await client.query<Facts>(DURABLE_SESSION)).rows[0]);
}

function optionsOf(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'consignee',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
}

/**
 * After a network error the pool's idle connections are probably dead too: they are dropped, or each would cost one arrival
 * its deadline. So are those to a server that has become read-only: they would stay so.
 */
export function dropIdle(pool: pg.Pool, { code }: Error & { code?: string }): void {
  if (code !== undefined && code !== READ_ONLY) return;
  for (let count = pool.idleCount; count > 0; count--) {
    pool.connect().then(
      (client) => client.release(true),
      () => {},
    );
  }
}

/** Some of the driver's errors have a code for all their words. */
export function failureText({ message, code = '' }: Error & { code?: string }): string {
  return message || code;
}

/** Somebody else holds what is needed. */
export const LOCK_NOT_AVAILABLE = '55P03';

const AGAIN_MS = 300;

/**
 * Tries until it works, or fails for another reason than that somebody else is at work there, which `codes` tell; not beyond `endsAt` by
 * the steady clock. `onWait` hears before each wait.
 */
export async function patiently<T>(
  endsAt: number,
  work: () => Promise<T>,
  codes: readonly string[] = [LOCK_NOT_AVAILABLE],
  onWait = async () => {},
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isTaken = codes.includes((error as { code?: string }).code ?? '');
      if (!isTaken || performance.now() >= endsAt) throw error;
      await onWait();
      // Several may wait for the same.
      await sleep(AGAIN_MS * (0.5 + Math.random()));
    }
  }
}

/** Runs `work` in one transaction. If it throws, nothing has happened, and the connection is thrown away. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    client.release(error as Error);
    throw error;
  }
}

/** The same on a connection of one's own. */
export async function atomically<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
