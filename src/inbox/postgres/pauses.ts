/**
 * The statements for ../pauses.ts. Each replica puts in force what the table says when it hears of a change, and looks once a
 * second in case it did not.
 */
import type pg from 'pg';
import type { Route } from '../contract.ts';
import { handlersPaused, type Pause, type PauseOrder, type PauseResult, planPause } from '../pauses.ts';
import type { Scheduler } from '../scheduler.ts';
import { textList } from './binary-array.ts';
import { type Asked, NOW_MS } from './connection.ts';

export async function readPauses(asked: Asked): Promise<readonly Pause[]> {
  const { rows } = await asked.query<Pause>({
    name: 'pauses',
    text: 'SELECT name, since, who, reason FROM pauses ORDER BY name COLLATE "C"',
  });
  return rows;
}

export class Pauses {
  readonly #pool: pg.Pool;
  readonly #scheduler: Scheduler;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(pool: pg.Pool, scheduler: Scheduler, routes: ReadonlyMap<string, Route>) {
    this.#pool = pool;
    this.#scheduler = scheduler;
    this.#routes = routes;
  }

  /** Rejects if the database cannot be read: what is in force stays so. */
  async refresh(): Promise<void> {
    const before = this.#scheduler.pausedHandlers;
    const now = handlersPaused(await readPauses(this.#pool), this.#routes);
    this.#scheduler.pausedHandlers = now;
    for (const handler of before.difference(now)) this.#scheduler.expect(handler, 0);
  }
}

/** Part of a transaction. Throws if there is no such handler or target. */
export async function orderPauseIn(
  asked: Asked,
  routes: ReadonlyMap<string, Route>,
  order: PauseOrder,
): Promise<PauseResult> {
  const { name, verb, who } = order;
  // Nobody else changes it meanwhile.
  await asked.query('LOCK TABLE pauses IN SHARE ROW EXCLUSIVE MODE');
  const before = (await readPauses(asked)).find((pause) => pause.name === name);
  const handlers = planPause(order, routes, before);
  const found = { handlers, ...(before && { before }) };
  if (verb === 'pause') {
    await asked.query(
      `INSERT INTO pauses VALUES ($1, ${NOW_MS}, $2, $3) ON CONFLICT (name) DO UPDATE
       SET since = excluded.since, who = excluded.who, reason = excluded.reason`,
      [name, who, order.reason],
    );
    return { ...found, endedRest: false };
  }
  await asked.query('DELETE FROM pauses WHERE name = $1', [name]);
  return { ...found, endedRest: await endRests(asked, routes, handlers) };
}

async function endRests(
  asked: Asked,
  routes: ReadonlyMap<string, Route>,
  handlers: readonly string[],
): Promise<boolean> {
  const targetOf = (handler: string) => routes.get(handler)?.target ?? handler;
  const { rows } = await asked.query<{ target: string }>(
    `UPDATE rests SET until = least(until, ${NOW_MS}) WHERE target = ANY ($1::text[]) AND openings > 0
     RETURNING target`,
    [textList([...new Set(handlers.map(targetOf))])],
  );
  const resting = handlers.filter((handler) => rows.some(({ target }) => target === targetOf(handler)));
  // What waits longest for its time need not wait for it any more.
  await asked.query(
    `UPDATE work SET due = least(due, ${NOW_MS}) FROM unnest($1::text[]) AS named (name) CROSS JOIN LATERAL (
       SELECT event, handler FROM work
       WHERE handler = named.name AND state = 'pending' AND NOT alone AND NOT behind
       ORDER BY due, event LIMIT 1 FOR UPDATE SKIP LOCKED) AS first
     WHERE work.event = first.event AND work.handler = first.handler`,
    [textList(resting)],
  );
  return resting.length > 0;
}
