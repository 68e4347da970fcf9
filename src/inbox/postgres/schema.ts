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
import { readMigrationsIn } from '../migration-files.ts';
import { type Asked, atomically, connect } from './connection.ts';
import { ensureFingerprintKey } from './fingerprint-key.ts';

const MIGRATIONS = readMigrationsIn(join(import.meta.dirname, 'migrations'));
/** "Csgn": whoever migrates holds this lock. */
const MIGRATION_LOCK = 0x4373_676e;
/** Tests run on 15 and 18. */
const OLDEST_VERSION = 150_000;
const OURS = ['meta', 'keys', 'inbox', 'work', 'attempts', 'newest', 'replicas', 'shares', 'events'];

interface Examination {
  readonly problem?: Problem;
  /** Things that work, but not as well as they could. */
  readonly warnings: readonly string[];
  /** True if there is an inbox already. */
  readonly isThere: boolean;
  /** The server's version, for people. */
  readonly version: string;
}

/**
 * Says what is wrong with the database, changing nothing. `place` is how it is called in messages. While an inbox is being
 * moved in, nobody may work there but the mover, who gives the name of that inbox.
 */
export async function examineDatabase(url: string, place: string, mover?: string): Promise<Examination> {
  const examined = { warnings: [], isThere: false, version: '' };
  const wrongWith = ({ wrong, fix }: Fault): Problem => {
    return { setting: 'DATABASE_URL', wrong: `names PostgreSQL at ${place}, ${wrong}`, fix };
  };
  let client: pg.Client | undefined;
  try {
    client = await connect(url);
    const { rows } = await client.query<Facts>(FACTS);
    const facts = rows[0] as Facts;
    const schema = await schemaOf(client);
    const fault = faultOf(facts) ?? faultOfSchema(schema);
    if (fault) return { ...examined, problem: wrongWith(fault) };
    const isThere = schema !== 0;
    const sound = { warnings: warningsOf(facts), isThere, version: facts.version };
    const moving = isThere ? await movingIn(client) : undefined;
    if (!moving || moving.inbox === mover) return sound;
    return { ...sound, problem: movingProblem(place, moving) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = [code, message].filter(Boolean).join(': ');
    const fix = 'Check that it runs, and the host, port, user, password and database of the URL.';
    return { ...examined, problem: wrongWith({ wrong: `which cannot be used (${reason})`, fix }) };
  } finally {
    await client?.end().catch(() => {});
  }
}

type Fault = Pick<Problem, 'wrong' | 'fix'>;

function faultOf(facts: Facts): Fault | undefined {
  if (facts.number < OLDEST_VERSION) {
    return { wrong: `which is version ${facts.version}`, fix: 'Use PostgreSQL 15 or later.' };
  }
  if (facts.standby) {
    const fix = 'Name the primary, or an address that follows it.';
    return { wrong: 'which is a standby: it cannot be written to', fix };
  }
  for (const setting of ['fsync', 'synchronous_commit'] as const) {
    if (facts[setting] !== 'off') continue;
    const wrong = `which has ${setting} off: an event that was answered could be lost`;
    return { wrong, fix: `Set ${setting} = on for the server, the database or the role.` };
  }
  if (facts.encoding === 'UTF8') return undefined;
  return { wrong: `whose encoding is ${facts.encoding}`, fix: 'Create the database with ENCODING UTF8.' };
}

function faultOfSchema(schema: number | 'foreign'): Fault | undefined {
  if (schema === 'foreign') {
    const fix = 'Give Consignee a database, or a schema, of its own.';
    return { wrong: 'where tables of another program have our names', fix };
  }
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (schema <= newest) return undefined;
  const wrong = `written by a newer Consignee (schema ${schema}, this one knows ${newest})`;
  return { wrong, fix: 'Run that version or a later one; going back is not possible.' };
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

/** The number of the newest migration that was run; 0 if there are no tables yet. */
async function schemaOf(client: pg.ClientBase): Promise<number | 'foreign'> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL',
    [OURS],
  );
  if (rows.length === 0) return 0;
  if (!rows.some(({ name }) => name === 'meta')) return 'foreign';
  try {
    return Number(await metaOf(client, 'schema')) || 'foreign';
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
    for (const { version, sql } of MIGRATIONS) {
      if (typeof schema === 'number' && version > schema) await runMigration(client, version, sql);
    }
    await ensureFingerprintKey(client);
  } catch (error) {
    const wrong = `names PostgreSQL at ${place}, where the tables cannot be made (${(error as Error).message})`;
    const fix = 'Let the role create tables there: it should own the database or the schema.';
    throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix }]);
  } finally {
    await client.end().catch(() => {});
  }
}

async function runMigration(client: pg.Client, version: number, sql: string): Promise<void> {
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

/**
 * The mark of a database into which an inbox is being moved. As long as it stands in `meta`, nobody works there: no replica
 * takes its place (so nothing is received, handed out or purged), and no command looks in. move-in.ts sets it and takes it away.
 */
export interface Moving {
  /** The name of the inbox that moves in. */
  readonly inbox: string;
  /** The place it comes from, as people are to see it. */
  readonly from: string;
}

/** The mark; undefined if no inbox is being moved in. */
export async function movingIn(asked: Asked): Promise<Moving | undefined> {
  const value = await metaOf(asked, 'moving');
  return value === undefined ? undefined : (JSON.parse(value) as Moving);
}

export function movingProblem(place: string, { from }: Moving): Problem {
  const wrong = `names PostgreSQL at ${place}, into which an inbox is being moved from ${from}`;
  const fix = 'Run `consignee migrate` again, as before: it finishes what it began.';
  return { setting: 'DATABASE_URL', wrong, fix };
}

/** The name of the inbox that is there. */
export async function inboxAt(asked: Asked): Promise<string | undefined> {
  return await metaOf(asked, 'inbox');
}

export async function metaOf(asked: Asked, key: string): Promise<string | undefined> {
  const { rows } = await asked.query<{ value: string }>('SELECT value FROM meta WHERE key = $1', [key]);
  return rows[0]?.value;
}
