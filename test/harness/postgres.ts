/**
 * A real PostgreSQL for tests: `freshDatabase` gives a database on the server that all test files share (or on the one
 * that TEST_DATABASE_URL names), `startPostgres` a server of its own, for tests that stop it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool, type QueryResult, types } from 'pg';
import { freePort } from './free-port.ts';
import {
  copyFolder,
  give,
  makeDataFolder,
  PASSWORD,
  type Prepared,
  prepare,
  USER,
} from './postgres/binaries.ts';
import { watchOver } from './postgres/watchman.ts';

/** Names the setting that says where postgres/shared.ts answers. Outside a test run there is no such place. */
export const DESK = 'CONSIGNEE_TESTS_POSTGRES';
const BOOT_MS = 60_000;
const INT8 = 20;
const TYPES = {
  getTypeParser: ((id: number, format: 'text') =>
    id === INT8 ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser,
};
/** Under which name tests ask a database that was made for them. */
const TESTS = 'tests';
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
/** What PostgreSQL comes with, but for a machine that has other things to do, and perhaps keeps the data in its memory. */
const FLAGS = [
  'shared_buffers=64MB',
  'max_connections=100',
  'unix_socket_directories=',
  'max_wal_size=256MB',
  'min_wal_size=32MB',
];

/** `fast` ends the connections and closes the files; `immediate` is a crash, and the next start a recovery. */
export type StopMode = keyof typeof SIGNALS;

export interface PostgresOptions {
  /** Settings, `wal_level=logical` for one. */
  readonly flags?: readonly string[];
  /** Data folder to keep, made if there is none, where the server's user can go. Without it the data goes with the server. */
  readonly folder?: string;
  readonly port?: number;
}

export interface PostgresServer {
  readonly port: number;
  /** Of the process that runs now; another one after `up`. */
  readonly pid: number;
  /** The data folder. */
  readonly folder: string;
  url(database?: string): string;
  /** What the server has logged, over all restarts. */
  output(): string;
  query<T = Row>(database: string, sql: string, ...values: unknown[]): Promise<T[]>;
  /** Ends the server and keeps port and data, for `up`. */
  down(mode: StopMode): Promise<void>;
  up(): Promise<void>;
  restart(mode: StopMode): Promise<void>;
  /** Ends the server, if it runs, and takes its data away. */
  stop(mode?: StopMode): Promise<void>;
}

export interface Row {
  readonly [column: string]: unknown;
}

export interface Database {
  readonly url: string;
  /** On a connection that no other query has at the time. int8 comes as a number, bytea as a Buffer. */
  query<T = Row>(sql: string, ...values: unknown[]): Promise<T[]>;
  /** Makes it empty again, which is much cheaper than another one. Ends all connections to it. */
  empty(): Promise<void>;
  /** As it is once the tables are made: cheaper still, where they are wanted. Ends all connections to it. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** An empty database for one test. Drop it afterwards: that also ends the connections which are left. */
export async function freshDatabase(): Promise<Database> {
  const server = process.env.TEST_DATABASE_URL ?? (await atDesk<string>('shared'));
  const name = `consignee_${randomBytes(6).toString('hex')}`;
  const url = Object.assign(new URL(server), { pathname: name }).href;
  await ask(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
  // Tests ask again and again, and a connection costs far more than a question.
  const pool = new Pool({ connectionString: url, types: TYPES, application_name: TESTS });
  pool.on('error', () => {});
  const endConnections = () =>
    pool.query(
      'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2',
      [name, TESTS],
    );
  return {
    url,
    query: async (sql, ...values) => rowsOf(await pool.query(sql, values.length > 0 ? values : undefined)),
    async empty() {
      await endConnections();
      await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    },
    async clear() {
      await endConnections();
      const { rows } = await pool.query<{ name: string }>(
        `SELECT oid::regclass::text AS name FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'meta'`,
      );
      await pool.query(rows.map(({ name }) => `DELETE FROM ${name}`).join('; '));
      await pool.query("DELETE FROM meta WHERE key NOT IN ('inbox', 'schema', 'fingerprint key')");
    },
    async drop() {
      await ask(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await pool.end();
    },
  };
}

/** A server of its own. Rejects with what it logged if it does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  if (process.env[DESK]) return startPrepared(await atDesk<Prepared>('prepared'), makeDataFolder(), options);
  const base = mkdtempSync(join(tmpdir(), 'consignee-postgres-'));
  return startPrepared(await prepare(base), base, options);
}

async function atDesk<T>(thing: 'shared' | 'prepared'): Promise<T> {
  const desk = process.env[DESK];
  if (!desk) throw new Error('outside a test run TEST_DATABASE_URL must name a server');
  const response = await fetch(`${desk}/${thing}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** `base` goes when the server stops. */
export async function startPrepared(
  prepared: Prepared,
  base: string,
  options: PostgresOptions = {},
): Promise<PostgresServer> {
  const { runAs, template, bin } = prepared;
  const folder = options.folder ?? join(base, 'data');
  await give(base, runAs);
  if (!existsSync(folder)) await copyFolder(template, folder);
  const port = options.port ?? (await freePort());
  const settings = [...FLAGS, 'listen_addresses=127.0.0.1', `port=${port}`, ...(options.flags ?? [])];
  const args = ['-D', folder, ...settings.flatMap((setting) => ['-c', setting])];
  const callOff = watchOver(folder, base);
  let log = '';
  let running: ChildProcess | undefined;

  async function up(): Promise<void> {
    running = spawn(join(bin, 'postgres'), args, {
      ...runAs,
      cwd: folder,
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(running, (text) => {
      log += text;
    });
  }
  async function down(mode: StopMode): Promise<void> {
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(SIGNALS[mode]);
    await ended;
  }
  const url = (database = 'postgres') => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;

  await up().catch((error: Error) => {
    throw new Error(`${error.message}\n${log}`);
  });
  return {
    port,
    get pid() {
      return running?.pid as number;
    },
    folder,
    url,
    output: () => log,
    query: (database, sql, ...values) => ask(url(database), sql, ...values),
    down,
    up,
    async restart(mode) {
      await down(mode);
      await up();
    },
    async stop(mode = 'fast') {
      await down(mode);
      await rm(base, { recursive: true, force: true });
      callOff();
    },
  };
}

async function untilReady(server: ChildProcess, hear: (text: string) => void): Promise<void> {
  let unsubscribe = () => {};
  let heard = '';
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`PostgreSQL did not start in ${BOOT_MS} ms`)), BOOT_MS);
    const ended = (code: number | null) => reject(new Error(`PostgreSQL ended with ${code}`));
    server.once('close', ended).once('error', reject);
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      hear(text);
      heard += text;
      if (/ready to accept (read-only )?connections/.test(heard)) resolve();
    });
    unsubscribe = () => {
      clearTimeout(late);
      server.removeListener('close', ended);
    };
  });
  await ready.finally(() => unsubscribe());
}

/** A connection that outlives `empty`. */
export async function connectAsTest(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, types: TYPES, application_name: TESTS });
  // The server may go while we ask; the query tells of it.
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function ask<T>(url: string, sql: string, ...values: unknown[]): Promise<T[]> {
  const client = await connectAsTest(url);
  try {
    return rowsOf(await client.query(sql, values.length > 0 ? values : undefined));
  } finally {
    await client.end();
  }
}

/** Of several statements, those of the last. */
function rowsOf<T>(result: QueryResult | QueryResult[]): T[] {
  const last = Array.isArray(result) ? result.at(-1) : result;
  return (last?.rows ?? []) as T[];
}
