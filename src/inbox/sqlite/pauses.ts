/** The statements for ../pauses.ts. Part of a transaction of store.ts. */
import { handlersPaused, type PauseOrder, type PauseResult, planPause } from '../pauses.ts';
import type { Turn } from './turn.ts';

/** Throws, changing nothing, if there is no such handler or target. */
export function orderPauseInTurn(turn: Turn, order: PauseOrder): PauseResult {
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
