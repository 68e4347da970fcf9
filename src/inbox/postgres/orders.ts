/** What an operator orders: carried out by the inbox thread, or by a command on a connection of its own. */
import type pg from 'pg';
import type { StateShape } from '../../verify/preset.ts';
import type { Order, Route, WorkState } from '../contract.ts';
import { parseBody } from '../identity.ts';
import { DISCARDED_BY_HAND, handlersOf, isPurged, noSuchEvent } from '../order.ts';
import { type State, stateOf } from '../state.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { ringForWork } from './bell.ts';
import { atomically } from './connection.ts';
import { planNewest } from './newest.ts';
import type { Asked } from './statements.ts';

type Sources = ReadonlyMap<string, StoredSource>;

/** On a connection of its own; dispatching replicas hear of it, where the database has a way to tell them. */
export async function carryOutOrder(client: pg.ClientBase, sources: Sources, order: Order): Promise<number> {
  const changed = await atomically(client, () => carryOut(client, sources, order));
  await ringForWork(client).catch(() => {});
  return changed;
}

/** In a transaction. Answers with how many deliveries changed. Throws if the order makes no sense. */
export async function carryOut(asked: Asked, sources: Sources, order: Order): Promise<number> {
  const { source, type } = await eventOf(asked, order);
  const { rows } = await asked.query<{ handler: string; state: WorkState }>(
    'SELECT handler, state FROM work WHERE event = $1 ORDER BY handler FOR UPDATE',
    [order.event],
  );
  const states = new Map(rows.map(({ handler, state }) => [handler, state]));
  const handlers = handlersOf(order, { source, type }, states, sources);
  const routes = routesOf(sources);
  let changed = 0;
  for (const handler of handlers) {
    const isChanged =
      order.action === 'replay'
        ? await replay(asked, order.event, handler, routes.get(handler))
        : states.has(handler) && (await discard(asked, order.event, handler));
    if (isChanged) changed++;
  }
  return changed;
}

/** Held until the order is carried out, so that it is not purged meanwhile. A key without an event is of a purged one. */
async function eventOf(
  asked: Asked,
  { action, event }: Order,
): Promise<{ source: string; type: string | null }> {
  const { rows } = await asked.query<{ source: string; type: string | null }>(
    'SELECT source, type FROM inbox WHERE number = $1 FOR SHARE',
    [event],
  );
  if (rows[0]) return rows[0];
  const { rowCount } = await asked.query('SELECT FROM keys WHERE number = $1', [event]);
  if (rowCount === 0) throw noSuchEvent();
  if (action === 'replay') throw isPurged();
  return { source: '', type: null };
}

async function replay(
  asked: Asked,
  event: number,
  handler: string,
  route: Route | undefined,
): Promise<boolean> {
  const told = route?.latest && (await stateOfStored(asked, event, route.latest));
  if (told) {
    const telling = { event, handler, thing: told.thing, at: told.at };
    if ((await planNewest(asked, [telling])).size > 0) return true;
    await asked.query('DELETE FROM work WHERE event = $1 AND handler = $2', [event, handler]);
    return false;
  }
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind) VALUES ($1, $2, 'pending', 0, 0, false, false)
     ON CONFLICT (event, handler) DO UPDATE
     SET state = 'pending', attempts = 0, due = 0, alone = false, behind = false, thing = NULL, owner = NULL`,
    [event, handler],
  );
  return true;
}

async function stateOfStored(asked: Asked, event: number, shape: StateShape): Promise<State | undefined> {
  const { rows } = await asked.query<{ body: Buffer }>('SELECT body FROM inbox WHERE number = $1', [event]);
  const body = rows[0]?.body as Buffer;
  return stateOf(shape, parseBody(body), body);
}

async function discard(asked: Asked, event: number, handler: string): Promise<boolean> {
  await asked.query('DELETE FROM work WHERE event = $1 AND handler = $2', [event, handler]);
  await asked.query(
    `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
     VALUES ($1, $2, $3, 0, 0, 'discarded', $4) ON CONFLICT DO NOTHING`,
    [event, handler, Date.now(), DISCARDED_BY_HAND],
  );
  return true;
}
