/** What a person may have done to an SQLite inbox: by the inbox thread, or by a command that owns the file for a moment. */
import type { CallHandlers } from '../../base/thread-calls.ts';
import type { InboxWriter, OperatorCalls } from '../operator.ts';
import type { StoredSource } from '../stored-source.ts';
import { openInboxFile, takeOwnership } from './files.ts';
import { orderPauseInTurn } from './pauses.ts';
import { Store } from './store.ts';
import type { Turn } from './turn.ts';
import { orderInTurn } from './work.ts';

/** One transaction of the store. */
export type TakeTurn = <T>(work: (turn: Turn) => T) => T;

export function operatorCallsOf(inTurn: TakeTurn): CallHandlers<OperatorCalls> {
  return {
    order: (order) => inTurn((turn) => orderInTurn(turn, order)),
    orderPause: (order) => inTurn((turn) => orderPauseInTurn(turn, order)),
  };
}

/** Throws ConfigError if a service owns the file. */
export function openSqliteWriter(path: string, sources: ReadonlyMap<string, StoredSource>): InboxWriter {
  const owner = takeOwnership(path);
  try {
    const database = openInboxFile(path);
    const store = new Store(database, sources);
    const calls = operatorCallsOf((work) => store.turn(Date.now(), work));
    return {
      order: async (order) => calls.order(order),
      orderPause: async (order) => calls.orderPause(order),
      async close() {
        database.close();
        owner.close();
      },
    };
  } catch (error) {
    owner.close();
    throw error;
  }
}
