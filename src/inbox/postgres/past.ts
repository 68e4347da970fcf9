/** The past of a PostgreSQL inbox, read on a connection of its own. */
import { HOURS, type Hour, type Spoken, walkBack } from '../past.ts';
import { connect } from './connection.ts';

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
