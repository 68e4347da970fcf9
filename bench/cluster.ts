/**
 * The PostgreSQL server of the benchmarks: the one that the tests use, with PostgreSQL's own settings but for SETTINGS. Its
 * data lies in this folder, on the same disk as the SQLite files it is compared with.
 */
import { rm } from 'node:fs/promises';
import { prepareDatabase } from '../src/inbox/postgres/tables.ts';
import { prepare } from '../test/harness/postgres/binaries.ts';
import { type PostgresServer, type Row, startPrepared } from '../test/harness/postgres.ts';
import { newFolder } from './contenders.ts';
import { cpuMicrosOfFamily } from './processor.ts';

const SETTINGS = ['shared_buffers=512MB', 'max_wal_size=4GB'];

/** What something cost the server, for each event. */
export interface DatabaseCost {
  readonly databaseMicrosPerEvent: number;
  readonly walBytesPerEvent: number;
}

export class Cluster {
  readonly #server: PostgresServer;
  #made = 0;
  /** For the output, since figures hold for these settings only. */
  readonly says: string;

  constructor(server: PostgresServer, version: string) {
    this.#server = server;
    this.says = `PostgreSQL ${version}, its own settings but for ${SETTINGS.join(', ')}; fsync on, on the same disk`;
  }

  url(database: string): string {
    return this.#server.url(database);
  }

  query<T = Row>(database: string, sql: string, ...values: unknown[]): Promise<T[]> {
    return this.#server.query<T>(database, sql, ...values);
  }

  /** The one value that a statement answers with. */
  async value(database: string, sql: string, ...values: unknown[]): Promise<number> {
    const [row] = await this.query(database, sql, ...values);
    return Number(Object.values(row ?? {})[0]);
  }

  /** A new inbox: an empty one, or a copy of `template`. */
  async create(template?: string): Promise<string> {
    const name = `bench_${++this.#made}`;
    const copied = template === undefined ? "template0 ENCODING 'UTF8'" : `${template} STRATEGY file_copy`;
    await this.query('postgres', `CREATE DATABASE ${name} TEMPLATE ${copied}`);
    if (template === undefined) await prepareDatabase(this.url(name), name);
    return name;
  }

  async drop(database: string): Promise<void> {
    await this.query('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
  }

  /** For filling: without page images in the write-ahead log. Afterwards everything is in its file. */
  async quickly<T>(work: () => Promise<T>): Promise<T> {
    await this.#set('full_page_writes = off');
    try {
      return await work();
    } finally {
      await this.#set('full_page_writes = on');
      await this.query('postgres', 'CHECKPOINT');
    }
  }

  async #set(setting: string): Promise<void> {
    await this.query('postgres', `ALTER SYSTEM SET ${setting}`);
    await this.query('postgres', 'SELECT pg_reload_conf()');
  }

  /** Runs `work`, and adds what the server and all its processes had to do for it. */
  async charge<T extends { readonly total: number }>(work: () => Promise<T>): Promise<T & DatabaseCost> {
    const walBefore = await this.#walBytes();
    const microsBefore = cpuMicrosOfFamily(this.#server.pid);
    const result = await work();
    const micros = cpuMicrosOfFamily(this.#server.pid) - microsBefore;
    const wal = (await this.#walBytes()) - walBefore;
    return {
      ...result,
      databaseMicrosPerEvent: micros / result.total,
      walBytesPerEvent: wal / result.total,
    };
  }

  /** What has been written to the write-ahead log, ever. */
  #walBytes(): Promise<number> {
    return this.value('postgres', "SELECT pg_current_wal_lsn() - '0/0'");
  }
}

/** Starts the server, and takes it away with all it has when `work` is done. */
export async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const base = newFolder();
  const server = await startIn(base);
  try {
    const [row] = await server.query<{ server_version: string }>('postgres', 'SHOW server_version');
    return await work(new Cluster(server, row?.server_version ?? ''));
  } finally {
    await server.stop();
  }
}

async function startIn(base: string): Promise<PostgresServer> {
  try {
    return await startPrepared(await prepare(base), base, { flags: SETTINGS });
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    const hint = 'Root has it run by another user, who must be able to enter that folder.';
    throw new Error(`PostgreSQL does not start in ${base}: ${(error as Error).message}\n${hint}`);
  }
}

export interface Size {
  /** A table, or an index by its own name; partitions count with what they are part of. */
  readonly name: string;
  readonly isIndex: boolean;
  readonly bytes: number;
}

/** What has any size, largest first; tables with their TOAST, without their indexes. */
export function sizesOf(cluster: Cluster, database: string): Promise<Size[]> {
  return cluster.query<Size>(
    database,
    `SELECT coalesce(pg_partition_root(oid), oid)::regclass::text AS name, relkind = 'i' AS "isIndex",
       sum(pg_table_size(oid))::bigint AS bytes
     FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
     GROUP BY 1, 2 HAVING sum(pg_table_size(oid)) > 0 ORDER BY bytes DESC`,
  );
}
