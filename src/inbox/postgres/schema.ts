/**
 * The tables of a PostgreSQL inbox: examined before they are touched, made and brought up to date by whoever comes first.
 *
 * `meta` says that they are ours and which migrations they have. A migration must leave tables that the release before it
 * can go on working with: its replicas are still running. Refused, changing nothing: a server that would forget what it
 * has confirmed, one that is too old or cannot be written to, tables of another program, a schema newer than this code.
 */
import { join } from 'node:path';
import type pg from 'pg';
import { ConfigError, type Problem } from '../../base/errors.ts';
import { type Migration, readMigrationsIn } from '../migration-files.ts';
import { atomically, connect } from './connection.ts';
import { movingIn, movingProblem } from './moving.ts';

const MIGRATIONS = join(import.meta.dirname, 'migrations');
/** "Csgn": whoever migrates holds this lock. */
const MIGRATION_LOCK = 0x4373_676e;
/** Tests run on 15 and 18. */
const OLDEST_VERSION = 150_000;
const OURS = ['meta', 'keys', 'inbox', 'work', 'attempts', 'newest', 'replicas', 'shares', 'events'];

export interface Examination {
  readonly problem?: Problem;
  /** What works, but not as well as it could. */
  readonly warnings: readonly string[];
  /** Whether there is an inbox already. */
  readonly isThere: boolean;
  /** Of the server, for people. */
  readonly version: string;
}

/**
 * What is wrong with the database, changing nothing. `place` is how it is called in messages. Nobody may work there while
 * an inbox is being moved in, but who is about to do that, by the name of that inbox.
 */
export async function examineDatabase(url: string, place: string, mover?: string): Promise<Examination> {
  const problem = (wrong: string, fix: string): Examination => ({
    problem: { setting: 'DATABASE_URL', wrong: `names PostgreSQL at ${place}, ${wrong}`, fix },
    warnings: [],
    isThere: false,
    version: '',
  });
  let client: pg.Client | undefined;
  try {
    client = await connect(url);
    const examined = await examine(client, problem);
    const moving = examined.isThere ? await movingIn(client) : undefined;
    if (!moving || moving.inbox === mover) return examined;
    return { ...examined, problem: movingProblem(place, moving) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = [code, message].filter(Boolean).join(': ');
    return problem(
      `which cannot be used (${reason})`,
      'Check that it runs, and the host, port, user, password and database of the URL.',
    );
  } finally {
    await client?.end().catch(() => {});
  }
}

type Told = (wrong: string, fix: string) => Examination;

async function examine(client: pg.Client, problem: Told): Promise<Examination> {
  const { rows } = await client.query<Facts>(FACTS);
  const facts = rows[0] as Facts;
  if (facts.number < OLDEST_VERSION) {
    return problem(`which is version ${facts.version}`, 'Use PostgreSQL 15 or later.');
  }
  if (facts.standby) {
    return problem(
      'which is a standby: it cannot be written to',
      'Name the primary, or an address that follows it.',
    );
  }
  for (const setting of ['fsync', 'synchronous_commit'] as const) {
    if (facts[setting] !== 'off') continue;
    const wrong = `which has ${setting} off: an event that was answered could be lost`;
    return problem(wrong, `Set ${setting} = on for the server, the database or the role.`);
  }
  if (facts.encoding !== 'UTF8') {
    return problem(`whose encoding is ${facts.encoding}`, 'Create the database with ENCODING UTF8.');
  }
  const schema = await schemaOf(client);
  if (schema === 'foreign') {
    return problem(
      'where tables of another program have our names',
      'Give Consignee a database, or a schema, of its own.',
    );
  }
  const newest = readMigrations().at(-1)?.version ?? 0;
  if (schema > newest) {
    const wrong = `written by a newer Consignee (schema ${schema}, this one knows ${newest})`;
    return problem(wrong, 'Run that version or a later one; going back is not possible.');
  }
  return { warnings: warningsOf(facts), isThere: schema > 0, version: facts.version };
}

interface Facts {
  readonly number: number;
  readonly version: string;
  readonly standby: boolean;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly encoding: string;
}

const FACTS = `SELECT current_setting('server_version_num')::int AS number,
  current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
  current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('full_page_writes') AS full_page_writes, current_setting('server_encoding') AS encoding`;

function warningsOf({ full_page_writes }: Facts): string[] {
  if (full_page_writes !== 'off') return [];
  return ['full_page_writes is off: a power cut may tear pages, unless the file system cannot'];
}

/** Number of the newest migration; 0 if there is nothing yet. */
async function schemaOf(client: pg.ClientBase): Promise<number | 'foreign'> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL',
    [OURS],
  );
  if (rows.length === 0) return 0;
  if (!rows.some(({ name }) => name === 'meta')) return 'foreign';
  try {
    const found = await client.query<{ value: string }>("SELECT value FROM meta WHERE key = 'schema'");
    return Number(found.rows[0]?.value ?? Number.NaN) || 'foreign';
  } catch {
    return 'foreign';
  }
}

/** Throws ConfigError if the database is not fit; afterwards it is an inbox of the newest schema. */
export async function prepareDatabase(url: string, place: string, mover?: string): Promise<void> {
  const { problem } = await examineDatabase(url, place, mover);
  if (problem) throw new ConfigError([problem]);
  const client = await connect(url);
  try {
    // Several replicas may start at once: one migrates, the others wait for it.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const schema = await schemaOf(client);
    for (const { version, sql } of readMigrations()) {
      if (typeof schema === 'number' && version > schema) await migrate(client, version, sql);
    }
  } catch (error) {
    const wrong = `names PostgreSQL at ${place}, where the tables cannot be made (${(error as Error).message})`;
    const fix = 'Let the role create tables there: it should own the database or the schema.';
    throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix }]);
  } finally {
    await client.end().catch(() => {});
  }
}

async function migrate(client: pg.Client, version: number, sql: string): Promise<void> {
  await atomically(client, async () => {
    // A replica that is busy with a table must not have all the others wait behind us.
    await client.query("SET LOCAL lock_timeout = '5s'");
    await client.query(sql);
    const name = crypto.randomUUID();
    await client.query("INSERT INTO meta VALUES ('inbox', $1) ON CONFLICT DO NOTHING", [name]);
    await client.query(
      "INSERT INTO meta VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [String(version)],
    );
  });
}

function readMigrations(): Migration[] {
  return readMigrationsIn(MIGRATIONS);
}
