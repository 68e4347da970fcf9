/**
 * Makes the tables of an inbox, brings them up to date, and tries what will be asked of them. Called at every start, by the
 * inbox thread, and before an inbox moves in.
 *
 * A migration must leave tables that the minor version before it can go on working with (`-- oldest`, ../migration-files.ts):
 * its replicas are still running, and people go back to it. While it waits for one of them nobody must have to wait behind it,
 * so it waits for moments only, and tries again. The start says what it waits for, and gives up in the end.
 */
import type pg from 'pg';
import { ConfigError } from '../../base/errors.ts';
import { clean } from '../../base/log/redact.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { type Migration, marksOf } from '../migration-files.ts';
import { atomically, connect, LOCK_NOT_AVAILABLE, patiently } from './connection.ts';
import { addFingerprintKey, hasFingerprintKey } from './fingerprint-key.ts';
import { fixOf } from './fitness.ts';
import { examineDatabase, MIGRATIONS, OURS, problemAt, schemaOf, setMeta } from './schema.ts';
import { StatementError, tryStatements } from './trial.ts';

/** "Csgn": whoever migrates holds this lock. */
const MIGRATION_LOCK = 0x4373_676e;
const PATIENCE_MS = MINUTE_MS;
/** So long others may have to wait behind us, and so often. */
const LOCK_MS = 100;
const SAY_MS = 10_000;
/** Somebody else holds what we need, or waits for what we hold. */
const TAKEN = [LOCK_NOT_AVAILABLE, '40P01', '57014'];

interface PrepareOptions {
  /** The name of the inbox that is being moved in. */
  readonly mover?: string;
  readonly patienceMs?: number;
  /** Hears what is waited for. */
  readonly say?: (waitsFor: string) => void;
}

/** Throws ConfigError if the database is not fit; afterwards it is an inbox of the newest schema. */
export async function prepareDatabase(
  url: string,
  place: string,
  { mover, patienceMs = PATIENCE_MS, say = () => {} }: PrepareOptions = {},
): Promise<void> {
  const { problem } = await examineDatabase(url, place, mover);
  if (problem) throw new ConfigError([problem]);
  const client = await connect(url);
  let saidAt = Number.NEGATIVE_INFINITY;
  const onWait = async () => {
    if (performance.now() - saidAt < SAY_MS) return;
    saidAt = performance.now();
    say(await holderOf(client));
  };
  const endsAt = performance.now() + patienceMs;
  const insist = (work: () => Promise<void>) => patiently(endsAt, work, TAKEN, onWait);
  try {
    for (const migration of MIGRATIONS) await insist(() => migrate(client, migration));
    await insist(() => addKey(client));
    await insist(() => tryStatements(client, LOCK_MS));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { message, code } = error as NodeJS.ErrnoException;
    const what =
      error instanceof StatementError
        ? 'which does not do what Consignee asks of it'
        : 'where the tables cannot be made';
    const waited = TAKEN.includes(code ?? '') ? `: the start has waited for ${await holderOf(client)}` : '';
    const fault = { wrong: `${what} (${message})${waited}`, fix: fixOf(error as Error) };
    throw new ConfigError([problemAt(place, fault)]);
  } finally {
    await client.end().catch(() => {});
  }
}

async function migrate(client: pg.Client, migration: Migration): Promise<void> {
  const { version, sql } = migration;
  const isMissing = async () => Number(await schemaOf(client)) < version;
  await changeIf(client, isMissing, async () => {
    await client.query(sql);
    const name = crypto.randomUUID();
    await client.query("INSERT INTO meta VALUES ('inbox', $1) ON CONFLICT DO NOTHING", [name]);
    await setMeta(client, 'schema', String(version));
    for (const mark of marksOf(migration)) await setMeta(client, ...mark);
  });
}

async function addKey(client: pg.Client): Promise<void> {
  const isMissing = async () => !(await hasFingerprintKey(client));
  await changeIf(client, isMissing, () => addFingerprintKey(client));
}

/** One replica at a time changes the tables. One that finds nothing to change waits for nobody. */
async function changeIf(client: pg.Client, isNeeded: () => Promise<boolean>, change: () => Promise<void>) {
  if (!(await isNeeded())) return;
  await atomically(client, async () => {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_MS}`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    if (await isNeeded()) await change();
  });
}

/** Who has held a lock of ours for longest, as far as this role may know. */
async function holderOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; who: string; forSeconds: number }>(
    `SELECT pid, coalesce(nullif(application_name, ''), usename, 'another role') AS who,
       coalesce(extract(epoch FROM clock_timestamp() - coalesce(xact_start, state_change)), 0)::int AS "forSeconds"
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE granted AND pid <> pg_backend_pid() AND datname = current_database() AND (
       (locktype = 'advisory' AND objid = $1::bigint::oid)
       OR relation IN (SELECT to_regclass(quote_ident(name)) FROM unnest($2::text[]) AS name))
     ORDER BY 3 DESC LIMIT 1`,
    [MIGRATION_LOCK, OURS],
  );
  const [holder] = rows;
  if (!holder) return 'a lock on its tables';
  const { who, pid, forSeconds } = holder;
  return `a lock that ${clean(who)} has (process ${pid} of the server, at work for ${forSeconds} s)`;
}
