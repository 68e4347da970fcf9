/** Reads the state of the inbox over all replicas, and notes the uses of secrets. */
import type pg from 'pg';
import type { Backlog, InboxStatus, SecretUse } from '../contract.ts';
import { timeOfNumber } from '../event-id.ts';
import type { Asked } from './connection.ts';

/** A large backlog takes a while. The caller adds `resting`, since it knows its own targets. */
export async function readStatus(pool: pg.Pool): Promise<Omit<InboxStatus, 'resting'>> {
  const { rows } = await pool.query<{ inbox: string; oldest: number | null }>(
    `SELECT (SELECT value FROM meta WHERE key = 'inbox') AS inbox,
       (SELECT min(event) FROM work WHERE state = 'pending') AS oldest`,
  );
  const { inbox = '', oldest = null } = rows[0] ?? {};
  const backlog = await pool.query<Backlog>(
    'SELECT handler, state, count(*) AS count FROM work GROUP BY handler, state ORDER BY handler, state',
  );
  return { inbox, backlog: backlog.rows, oldestPendingAt: oldest === null ? null : timeOfNumber(oldest) };
}

export async function noteUses(asked: Asked, uses: readonly SecretUse[]): Promise<void> {
  for (const { source, scheme, secret, form, count, lastAt } of uses) {
    await asked.query(
      `INSERT INTO secret_uses AS known VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source, scheme, secret, form) DO UPDATE
       SET count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at)`,
      [source, scheme, secret, form, count, lastAt],
    );
  }
}
