/** What a person may have done to an SQLite inbox: by the inbox thread, or by a command that owns the file for a moment. */
import type { CallHandlers } from '../../base/thread-calls.ts';
import { countStep, StepPace, stuckBy } from '../action-steps.ts';
import { actionFrom } from '../actions.ts';
import type { InboxWriter, OperatorCalls } from '../operator.ts';
import { noteOfOrder } from '../order.ts';
import { handlersPaused, noteOfPause, type PauseOrder, type PauseResult, planPause } from '../pauses.ts';
import type { StoredSource } from '../stored-source.ts';
import { cancelActionInTurn, noteActionInTurn, startActionInTurn, stepInTurn } from './actions.ts';
import { openInboxFile, takeOwnership } from './files.ts';
import { SQLITE_SELECTION } from './selection.ts';
import { Store } from './store.ts';
import type { Turn } from './turn.ts';
import { orderInTurn } from './work.ts';

/** One transaction of the store. */
type TakeTurn = <T>(work: (turn: Turn) => T) => T;

/** An error of the disk is noted; what becomes due is handed out in the next turn of the thread. */
export function turnsOf(store: Store, noting: <T>(work: () => T) => T, planTurn: () => void): TakeTurn {
  return (work) => {
    const result = noting(() => store.turn(Date.now(), work));
    planTurn();
    return result;
  };
}

/** Of the processor's time: how busy the machine is otherwise says nothing about a step. Then it is synced, as all is. */
const STEP_MS = 5;
/** One body may be as large as a source's limit. */
const LOOKS_LEAST = 1;
const COUNT_LOOKS = 500;

/** `carryOn` hears when there is an action to carry out. */
export function operatorCallsOf(takeTurn: TakeTurn, carryOn: () => void): CallHandlers<OperatorCalls> {
  return {
    order: (order) =>
      takeTurn((turn) => {
        const changed = orderInTurn(turn, order);
        noteActionInTurn(turn, noteOfOrder(order, changed));
        return changed;
      }),
    orderPause: (order) =>
      takeTurn((turn) => {
        const result = orderPauseInTurn(turn, order);
        noteActionInTurn(turn, noteOfPause(order, result));
        return result;
      }),
    startAction(wish) {
      const action = takeTurn((turn) => startActionInTurn(turn, wish));
      carryOn();
      return action;
    },
    noteAction: (action) => takeTurn((turn) => noteActionInTurn(turn, action)),
    cancelAction: (id, who) => takeTurn((turn) => cancelActionInTurn(turn, id, who)),
    actions: (limit) => takeTurn(({ sql }) => sql.actions.all(limit).map(actionFrom)),
    // Only reads: what is asked after the first answer is asked outside of the transaction.
    countStep: (wish, after) =>
      takeTurn((turn) => {
        const rows = async <Row>(sql: string, ...values: readonly (string | number)[]) =>
          turn.rows({ sql, values }) as Row[];
        return countStep({ ...SQLITE_SELECTION, all: rows }, turn.sources, wish, after, COUNT_LOOKS);
      }),
  };
}

const RETRY_MS = 5_000;

/** Carries the actions of an inbox out, step by step, with rests in between for what comes in. */
export class ActionSteps {
  readonly #takeTurn: TakeTurn;
  readonly #pace = new StepPace(STEP_MS, LOOKS_LEAST);
  #timer: NodeJS.Timeout | undefined;

  constructor(takeTurn: TakeTurn) {
    this.#takeTurn = takeTurn;
  }

  readonly carryOn = (waitMs = 0): void => {
    this.#timer ??= setTimeout(() => this.#step(), waitMs);
  };

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Answers with how long to rest; undefined if nothing is to be done. */
  take(): number | undefined {
    const begun = performance.now();
    let workMs = 0;
    const goesOn = this.#takeTurn((turn) => {
      const before = process.threadCpuUsage();
      const isThere = stepInTurn(turn, this.#pace.looks);
      const { user, system } = process.threadCpuUsage(before);
      workMs = (user + system) / 1_000;
      return isThere;
    });
    return goesOn ? this.#pace.after(workMs, performance.now() - begun) : undefined;
  }

  #step(): void {
    this.#timer = undefined;
    try {
      const restMs = this.take();
      if (restMs !== undefined) this.carryOn(restMs);
    } catch (error) {
      this.#remark(stuckBy(error as Error));
      this.carryOn(RETRY_MS);
    }
  }

  #remark(text: string): void {
    try {
      this.#takeTurn(({ sql }) => sql.remarkAction.run(text));
    } catch {
      // The disk refuses, which is told elsewhere.
    }
  }
}

/** Throws ConfigError if a service owns the file. */
export function openSqliteWriter(path: string, sources: ReadonlyMap<string, StoredSource>): InboxWriter {
  const owner = takeOwnership(path);
  try {
    const database = openInboxFile(path);
    const store = new Store(database, sources);
    const takeTurn: TakeTurn = (work) => store.turn(Date.now(), work);
    const steps = new ActionSteps(takeTurn);
    const calls = operatorCallsOf(takeTurn, () => {});
    return {
      order: async (order) => calls.order(order),
      orderPause: async (order) => calls.orderPause(order),
      startAction: async (wish) => calls.startAction(wish),
      noteAction: async (action) => calls.noteAction(action),
      cancelAction: async (id, who) => calls.cancelAction(id, who),
      stepAction: async () => (steps.take() === undefined ? 'none' : 'stepped'),
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

/** Part of a transaction. Throws, changing nothing, if there is no such handler or target. */
function orderPauseInTurn(turn: Turn, order: PauseOrder): PauseResult {
  const { sql, routes, scheduler, now } = turn;
  const before = sql.pauseOf.get(order.name);
  const handlers = planPause(order, routes, before);
  if (order.verb === 'pause') sql.setPause.run(order.name, now, order.who, order.reason);
  else sql.deletePause.run(order.name);
  scheduler.pausedHandlers = handlersPaused(sql.pauses.all(), routes);
  const found = { handlers, ...(before && { before }) };
  if (order.verb === 'pause') return { ...found, endedRest: false };
  const resting = handlers.filter((handler) => scheduler.targets.of(handler).endRest(now));
  for (const handler of resting) sql.makeDue.run({ $handler: handler, $now: now });
  for (const handler of handlers) scheduler.expect(handler, 0);
  scheduler.expect(undefined, 0);
  return { ...found, endedRest: resting.length > 0 };
}
