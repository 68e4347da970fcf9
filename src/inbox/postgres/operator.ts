/** What a person may have done to a PostgreSQL inbox: by the inbox thread, or by a command on a connection of its own. */
import type pg from 'pg';
import type { CallHandlers } from '../../base/thread-calls.ts';
import type { InboxWriter, OperatorCalls } from '../operator.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { atomically, connect } from './connection.ts';
import { notifyOf } from './notifier.ts';
import { orderInTransaction } from './orders.ts';
import { orderPauseIn } from './pauses.ts';
import type { Notice } from './replica-event.ts';

interface OperatorOptions {
  readonly sources: ReadonlyMap<string, StoredSource>;
  readonly inTransaction: <T>(work: (client: pg.ClientBase) => Promise<T>) => Promise<T>;
  /** What is known here of rests goes into the table, where an order may end them. */
  readonly writeRests?: () => Promise<void>;
  /** Something has been changed that replicas should hear of. */
  readonly notify: (notice: Notice) => void | Promise<void>;
}

export function operatorCallsIn({
  sources,
  inTransaction,
  writeRests = async () => {},
  notify,
}: OperatorOptions): CallHandlers<OperatorCalls> {
  return {
    async order(order) {
      const changed = await inTransaction((client) => orderInTransaction(client, sources, order));
      await notify('work');
      return changed;
    },
    async orderPause(order) {
      const routes = routesOf(sources);
      await writeRests();
      const result = await inTransaction((client) => orderPauseIn(client, routes, order));
      await notify('pauses');
      if (result.endedRest) await notify('circuits');
      return result;
    },
  };
}

/**
 * For a command: nobody owns an inbox there, whoever may write may give orders beside the replicas. Those that dispatch hear
 * of it, where the database has a way to tell them.
 */
export async function openPostgresWriter(
  url: string,
  sources: ReadonlyMap<string, StoredSource>,
): Promise<InboxWriter> {
  const client = await connect(url);
  const calls = operatorCallsIn({
    sources,
    inTransaction: (work) => atomically(client, () => work(client)),
    notify: (notice) => notifyOf(client, notice).catch(() => {}),
  });
  return {
    order: async (order) => calls.order(order),
    orderPause: async (order) => calls.orderPause(order),
    close: () => client.end(),
  };
}
