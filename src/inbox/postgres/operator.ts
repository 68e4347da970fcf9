/** What a person may have done to a PostgreSQL inbox: by the inbox thread, or by a command on a connection of its own. */
import type pg from 'pg';
import type { CallHandlers } from '../../base/thread-calls.ts';
import { countStep } from '../action-steps.ts';
import type { InboxWriter, OperatorCalls } from '../operator.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { cancelActionIn, noteActionIn, readActions, startActionIn, stepIn } from './actions.ts';
import { atomically, connect } from './connection.ts';
import { notifyOf } from './notifier.ts';
import { orderInTransaction } from './orders.ts';
import { orderPauseIn } from './pauses.ts';
import type { Notice } from './replica-event.ts';
import { POSTGRES_SELECTION } from './selection.ts';

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
      const { action: verb, event, handler, who = 'console' } = order;
      const about = { numbers: [event], ...(handler !== undefined && { handler }) };
      const changed = await inTransaction(async (client) => {
        const changed = await orderInTransaction(client, sources, order);
        await noteActionIn(client, { who, verb, about, changed });
        return changed;
      });
      await notify('work');
      return changed;
    },
    async orderPause(order) {
      const { who, verb, name } = order;
      const about = verb === 'pause' ? { name, reason: order.reason } : { name };
      await writeRests();
      const result = await inTransaction(async (client) => {
        const result = await orderPauseIn(client, routesOf(sources), order);
        await noteActionIn(client, { who, verb, about, changed: result.handlers.length });
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
