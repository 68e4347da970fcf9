/** Carries out an operator's order. Called by operator.ts. */
import type { WorkState } from '../event-states.ts';
import { DISCARDED_BY_HAND, type Order, type OrderedEvent, type OrderStep, planOrder } from '../order.ts';
import type { StoredSource } from '../stored-source.ts';
import { type Asked, NOW_MS } from './connection.ts';
import { replayState } from './replays.ts';

type Sources = ReadonlyMap<string, StoredSource>;

/** Part of a transaction. Returns how many deliveries changed. Throws if the order makes no sense. */
export async function orderInTransaction(asked: Asked, sources: Sources, order: Order): Promise<number> {
  const event = await readOrdered(asked, order.event);
  const change = order.action === 'replay' ? replayDelivery : discardDelivery;
  let changed = 0;
  for (const step of planOrder(order, event, sources)) {
    if (await change(asked, order.event, step)) changed++;
  }
  return changed;
}

/** Its rows stay locked until the order is carried out, so that it is not purged meanwhile. */
async function readOrdered(asked: Asked, event: number): Promise<OrderedEvent | undefined> {
  const stored = await asked.query<Omit<OrderedEvent, 'states'>>(
    'SELECT source, type, body FROM inbox WHERE number = $1 FOR SHARE',
    [event],
  );
  const work = await asked.query<{ handler: string; state: WorkState }>(
    'SELECT handler, state FROM work WHERE event = $1 ORDER BY handler FOR UPDATE',
    [event],
  );
  const states = new Map(work.rows.map(({ handler, state }) => [handler, state]));
  if (stored.rows[0]) return { ...stored.rows[0], states };
  // A key without an event is the key of a purged one.
  const { rowCount } = await asked.query('SELECT FROM keys WHERE number = $1', [event]);
  return rowCount === 0 ? undefined : { source: '', type: null, body: null, states };
}

async function replayDelivery(asked: Asked, event: number, { handler, state }: OrderStep): Promise<boolean> {
  if (state) return await replayState(asked, event, handler, state);
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, since)
     VALUES ($1, $2, 'pending', 0, 0, false, false, ${NOW_MS}) ON CONFLICT (event, handler) DO UPDATE
     SET state = 'pending', attempts = 0, due = 0, alone = false, behind = false, thing = NULL, cause = NULL,
       owner = NULL, since = excluded.since`,
    [event, handler],
  );
  return true;
}

async function discardDelivery(asked: Asked, event: number, { handler }: OrderStep): Promise<boolean> {
  await asked.query('DELETE FROM work WHERE event = $1 AND handler = $2', [event, handler]);
  await asked.query(
    `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
     VALUES ($1, $2, $3, 0, 0, 'discarded', $4) ON CONFLICT DO NOTHING`,
    [event, handler, Date.now(), DISCARDED_BY_HAND],
  );
  return true;
}
