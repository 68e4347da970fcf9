/** What a person may have done to a PostgreSQL inbox: by the inbox thread, or by a command on a connection of its own. */
import type pg from 'pg';
import type { CallHandlers } from '../../base/thread-calls.ts';
import { countStep } from '../action-steps.ts';
import type { WorkState } from '../event-states.ts';
import type { InboxWriter, OperatorCalls } from '../operator.ts';
import {
  DISCARDED_BY_HAND,
  noteOfOrder,
  type Order,
  type OrderedEvent,
  type OrderStep,
  planOrder,
} from '../order.ts';
import { noteOfPause } from '../pauses.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { cancelActionIn, noteActionIn, readActions, startActionIn, stepIn } from './actions.ts';
import { type Asked, atomically, connect, NOW_MS } from './connection.ts';
import { notifyOf } from './notifier.ts';
import { orderPauseIn } from './pauses.ts';
import { replayState } from './replays.ts';
import type { Notice } from './replica-event.ts';
import { POSTGRES_SELECTION } from './selection.ts';
import { batchOf, discardOpenItems, insertItems, planSplits } from './splits.ts';

interface OperatorOptions {
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly inTransaction: <T>(work: (client: pg.ClientBase) => Promise<T>) => Promise<T>;
  /** What is known here of rests goes into the table, where an order may end them. */
  readonly writeRests?: () => Promise<void>;
  /** Something has been changed that replicas should hear of. */
  readonly notify: (notice: Notice) => void | Promise<void>;
}

const COUNT_LOOKS = 2_000;

export function operatorCallsIn(options: OperatorOptions): CallHandlers<OperatorCalls> {
  const { sources, inTransaction, writeRests = async () => {}, notify } = options;
  return {
    async order(order) {
      const changed = await inTransaction(async (client) => {
        const changed = await orderInTransaction(client, sources, order);
        await noteActionIn(client, noteOfOrder(order, changed));
        return changed;
      });
      await notify('work');
      return changed;
    },
    async orderPause(order) {
      await writeRests();
      const result = await inTransaction(async (client) => {
        const result = await orderPauseIn(client, routesOf(sources), order);
        await noteActionIn(client, noteOfPause(order, result));
        return result;
      });
      await notify('pauses');
      if (result.endedRest) await notify('circuits');
      return result;
    },
    async startAction(wish) {
      const action = await inTransaction((client) => startActionIn(client, wish));
      await notify('actions');
      return action;
    },
    noteAction: (action) => inTransaction((client) => noteActionIn(client, action)),
    cancelAction: (id, who) => inTransaction((client) => cancelActionIn(client, id, who)),
    actions: (limit) => inTransaction((client) => readActions(client, limit)),
    countStep: (wish, after) =>
      inTransaction(async (client) => {
        const all = async <Row>(sql: string, ...values: readonly (string | number)[]) =>
          (await client.query(sql, [...values])).rows as Row[];
        return await countStep({ ...POSTGRES_SELECTION, all }, sources, wish, after, COUNT_LOOKS);
      }),
  };
}

const BESIDE_LOOKS = 200;

/**
 * For a command: nobody owns an inbox there, whoever may write may give orders beside the replicas. Those that dispatch hear
 * of it, where the database has a way to tell them. It carries actions out in turn with them: there may be none.
 */
export async function openPostgresWriter(
  url: string,
  sources: ReadonlyMap<string, StoredSource>,
): Promise<InboxWriter> {
  const client = await connect(url);
  const notify = (notice: Notice) => notifyOf(client, notice).catch(() => {});
  const inTransaction: OperatorOptions['inTransaction'] = (work) => atomically(client, () => work(client));
  const calls = operatorCallsIn({ sources, inTransaction, notify });
  return {
    order: async (order) => calls.order(order),
    orderPause: async (order) => calls.orderPause(order),
    startAction: async (wish) => calls.startAction(wish),
    noteAction: async (action) => calls.noteAction(action),
    cancelAction: async (id, who) => calls.cancelAction(id, who),
    async stepAction() {
      const end = await inTransaction(() => stepIn(client, sources, BESIDE_LOOKS));
      if (end === 'stepped') await notify('work');
      return end;
    },
    close: () => client.end(),
  };
}

type Sources = ReadonlyMap<string, StoredSource>;

/** Part of a transaction. Returns how many deliveries changed. Throws if the order makes no sense. */
async function orderInTransaction(asked: Asked, sources: Sources, order: Order): Promise<number> {
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
