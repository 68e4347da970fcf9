/** Carries out an operator's order. Called by operator.ts. */
import type { WorkState } from '../event-states.ts';
import { DISCARDED_BY_HAND, type Order, type OrderedEvent, type OrderStep, planOrder } from '../order.ts';
import type { StoredSource } from '../stored-source.ts';
import { type Asked, NOW_MS } from './connection.ts';
import { replayState } from './replays.ts';
import { batchOf, discardOpenItems, insertItems, planSplits } from './splits.ts';

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
  const batch = await batchOf(asked, event);
  const stored = await asked.query<Omit<OrderedEvent, 'states' | 'batch'>>(
    'SELECT source, type, body FROM inbox WHERE number = $1 FOR SHARE',
    [batch?.event ?? event],
  );
  const work = await asked.query<{ handler: string; state: WorkState }>(
    'SELECT handler, state FROM work WHERE event = $1 ORDER BY handler FOR UPDATE',
    [event],
  );
  const items = batch?.event === event ? await openItemsOf(asked, event, batch.last) : [];
  const states = new Map([...items, ...work.rows].map(({ handler, state }) => [handler, state]));
  if (stored.rows[0]) return { ...stored.rows[0], states, batch: batch?.event ?? null };
  // A key without an event is the key of a purged one.
  const { rowCount } = await asked.query('SELECT FROM keys WHERE number = $1', [event]);
  return rowCount === 0 ? undefined : { source: '', type: null, body: null, states, batch: null };
}

/** Where something is open of the items, and not being handled. */
async function openItemsOf(asked: Asked, event: number, last: number) {
  const { rows } = await asked.query<{ handler: string; state: WorkState }>(
    `SELECT handler, min(state) AS state FROM work
     WHERE event > $1 AND event <= $2 AND batch = $1 AND state <> 'handling' GROUP BY handler`,
    [event, last],
  );
  return rows;
}

async function replayDelivery(
  asked: Asked,
  event: number,
  { handler, state, part, splits }: OrderStep,
): Promise<boolean> {
  const now = Date.now();
  if (splits) await planSplits(asked, [{ event, handler }], { since: now });
  else if (!state && part)
    await insertItems(asked, handler, [{ event, ...part, state }], { due: 0, since: now });
  if (splits || (!state && part)) return true;
  if (state) return await replayState(asked, { event, handler, ...state, ...(part && { part }) });
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, since)
     VALUES ($1, $2, 'pending', 0, 0, false, false, ${NOW_MS}) ON CONFLICT (event, handler) DO UPDATE
     SET state = 'pending', attempts = 0, due = 0, alone = false, behind = false, thing = NULL, cause = NULL,
       owner = NULL, since = excluded.since`,
    [event, handler],
  );
  return true;
}

async function discardDelivery(
  asked: Asked,
  event: number,
  { handler, splits }: OrderStep,
): Promise<boolean> {
  if (splits) return await discardOpenItems(asked, event, handler);
  await asked.query('DELETE FROM work WHERE event = $1 AND handler = $2', [event, handler]);
  await asked.query(
    `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
     VALUES ($1, $2, $3, 0, 0, 'discarded', $4) ON CONFLICT DO NOTHING`,
    [event, handler, Date.now(), DISCARDED_BY_HAND],
  );
  return true;
}
