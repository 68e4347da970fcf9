/**
 * The tables of a PostgreSQL inbox, examined before they are touched; tables.ts makes them. `meta` says that they are ours and
 * which migrations they have. Refused, changing nothing: a server that is not fit (fitness.ts), a pooler that gives a session
 * to each transaction anew, tables of another program, a schema newer than this code.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { Problem } from '../../base/errors.ts';
import { type Fit, fitOf, MARK_KEYS, readMigrationsIn } from '../migration-files.ts';
import { type Asked, connect } from './connection.ts';
import { type Facts, type Fault, faultOf, fixOf, SERVER_FACTS, warningsOf } from './fitness.ts';

export const MIGRATIONS = readMigrationsIn(join(import.meta.dirname, 'migrations'));
/** A server that is asked for a few rows answers by then, or it is not one to start on. */
const ANSWER_MS = 5_000;
const UNDEFINED_COLUMN = '42703';
export const OURS = [
  'meta',
  'keys',
  'inbox',
  'work',
  'attempts',
  'newest',
  'batches',
  'replicas',
  'shares',
  'events',
  'search_keys',
];

interface Examination {
  readonly problem?: Problem;
  /** Things that work, but not as well as they could. */
  readonly warnings: readonly string[];
  readonly fit?: Fit | undefined;
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
  let client: pg.Client | undefined;
  try {
    client = await connect(url, ANSWER_MS);
    const { rows } = await client.query<Facts>(SERVER_FACTS);
    const facts = rows[0] as Facts;
    const fault = faultOf(facts) ?? (await faultOfSessions(client, url));
    const schema = fault ? 0 : await schemaOf(client);
    const fit = fault ? undefined : await fitOfSchema(client, schema);
    const problem = fault ?? (fit?.fits === false ? fit : undefined);
    if (problem) return { ...examined, problem: problemAt(place, problem) };
    const isThere = schema !== 0;
    const sound = { warnings: warningsOf(facts), fit, isThere, version: facts.version ?? '' };
    const moving = isThere ? await movingIn(client) : undefined;
    if (!moving || moving.inbox === mover) return sound;
    return { ...sound, problem: movingProblem(place, moving) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = [code, message].filter(Boolean).join(': ');
    const wrong = `which cannot be used (${reason})`;
    return { ...examined, problem: problemAt(place, { wrong, fix: fixOf(error as Error) }) };
  } finally {
    await client?.end().catch(() => {});
  }
}

export function problemAt(place: string, { wrong, fix }: Fault): Problem {
  return { setting: 'DATABASE_URL', wrong: `names PostgreSQL at ${place}, ${wrong}`, fix };
}

/**
 * Two connections that are open at once have a session each, and keep it, unless a pooler lends sessions out: then settings,
 * locks and prepared statements of one replica would be another one's.
 */
async function faultOfSessions(one: pg.Client, url: string): Promise<Fault | undefined> {
  const other = await connect(url, ANSWER_MS);
  try {
    const seen: [number, number][] = [];
    for (let nth = 0; nth < 2; nth++) seen.push([await sessionOf(one), await sessionOf(other)]);
    const [[first, second], [firstAgain, secondAgain]] = seen as [[number, number], [number, number]];
    if (first !== second && first === firstAgain && second === secondAgain) return undefined;
  } finally {
    await other.end().catch(() => {});
  }
  return {
    wrong:
      'which is a pooler that lends out sessions: settings and locks of one replica would be those of another',
    fix: 'Use pool_mode = session in PgBouncer, or name the server itself.',
  };
}

async function sessionOf(asked: Asked): Promise<number> {
  const { rows } = await asked.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

async function fitOfSchema(client: pg.ClientBase, schema: number | 'foreign'): Promise<Fit> {
  if (schema === 'foreign') {
    const fix = 'Give Consignee a database, or a schema, of its own.';
    return { fits: false, wrong: 'where tables of another program have our names', fix };
  }
  if (schema === 0) return { fits: true };
  const oldest = await metaOf(client, MARK_KEYS.oldest);
  const by = await metaOf(client, MARK_KEYS.by);
  return fitOf({ version: schema, oldest: oldest === undefined ? oldest : Number(oldest), by }, MIGRATIONS);
}

/** The number of the newest migration that was run; 0 if there are no tables yet. */
export async function schemaOf(client: pg.ClientBase): Promise<number | 'foreign'> {
  const { rows } = await client.query<{ name: string }>(
    // Whoever names pg_class looks at it afresh; to_regclass alone may know of a moment ago, within a transaction that has begun.
    `SELECT name FROM unnest($1::text[]) AS name
     WHERE to_regclass(quote_ident(name))::oid IN (SELECT oid FROM pg_class)`,
    [OURS],
  );
  if (rows.length === 0) return 0;
  if (!rows.some(({ name }) => name === 'meta')) return 'foreign';
  try {
    return Number(await metaOf(client, 'schema')) || 'foreign';
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_COLUMN) return 'foreign';
    throw error;
  }
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

export async function setMeta(asked: Asked, key: string, value: string): Promise<void> {
  const sql = 'INSERT INTO meta VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
  await asked.query(sql, [key, value]);
}
