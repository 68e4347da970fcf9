/** Reads a PostgreSQL inbox from beside the replicas that run, on a connection of its own. Called by driver.ts. */
import { ConfigError } from '../../base/errors.ts';
import { HOURS, type Hour, type Spoken, walkBack } from '../past.ts';
import { InboxReader } from '../reader.ts';
import { connect, failureText } from './connection.ts';
import { VISIBLE_AFTER_MS } from './key-index.ts';
import { movingIn, movingProblem } from './schema.ts';
import { POSTGRES_SELECTION } from './selection.ts';

/** As for the inbox thread (connection.ts): all is found by indexes, a few rows at a time, whatever the planner knows. */
export const READER_SESSION =
  'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off';

/** Resolves to undefined if nothing has been made there yet. Throws ConfigError while an inbox is being moved in. */
export async function openPostgresReader(url: string, place: string): Promise<InboxReader | undefined> {
  const fail = (error: Error): never => {
    throw new Error(`PostgreSQL at ${place} cannot be read: ${failureText(error)}`);
  };
  const client = await connect(url).catch(fail);
  // Several may ask at once, and a connection takes one query after the other.
  let before: Promise<unknown> = Promise.resolve();
  const all = async <Row>(sql: string, ...values: readonly (string | number)[]) => {
    const answer = before.then(() => client.query(sql, [...values]));
    before = answer.catch(() => {});
    return (await answer.catch(fail)).rows as Row[];
  };
  const close = () => client.end().catch(() => {});
  await client.query(READER_SESSION).catch(fail);
  const [found] = await all<{ isThere: boolean }>(`SELECT to_regclass('meta') IS NOT NULL AS "isThere"`);
  const moving = found?.isThere ? await movingIn(client).catch(fail) : undefined;
  if (found?.isThere && !moving) {
    return new InboxReader({ ...POSTGRES_SELECTION, lateMs: VISIBLE_AFTER_MS, isShared: true, all, close });
  }
  await close();
  if (moving) throw new ConfigError([movingProblem(place, moving)]);
  return undefined;
}

/** Rejects if the database cannot be read, or when the signal says so. */
export async function readPostgresPast(
  url: string,
  from: number,
  until: number,
  signal: AbortSignal,
): Promise<Spoken[]> {
  const client = await connect(url);
  const end = () => void client.end().catch(() => {});
  signal.addEventListener('abort', end, { once: true });
  try {
    return await walkBack(from, until, async (first, last) => {
      const { rows } = await client.query<Hour>(HOURS, [first, last]);
      return rows;
    });
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
