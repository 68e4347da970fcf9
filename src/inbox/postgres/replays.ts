/**
 * What a step of an action does to the deliveries that it has found, many at a time. Each is changed only if it is still in the
 * state in which it was found: a replica may have claimed it, or a person ordered something else. Part of actions.ts.
 */
import type { ActionDelivery } from '../action-steps.ts';
import type { Route } from '../contract.ts';
import { givenPart } from '../items.ts';
import { type EventState, isOvertaken } from '../newest.ts';
import { DISCARDED_BY_HAND } from '../order.ts';
import { bigintList, textList } from './binary-array.ts';
import { type Asked, NOW_MS } from './connection.ts';
import { planNewest } from './newest.ts';
import { insertItems, planSplits } from './splits.ts';

const GIVEN = 'unnest($1::bigint[], $2::text[], $3::text[]) AS given (event, handler, was)';

export const REPLAY_OPEN = {
  name: 'replay_open',
  text: `UPDATE work SET state = 'pending', attempts = 0, due = ${NOW_MS}, since = ${NOW_MS}, alone = false,
      behind = false, thing = NULL, cause = NULL, owner = NULL FROM ${GIVEN}
      WHERE work.event = given.event AND work.handler = given.handler AND work.state = given.was
        AND (work.state <> 'pending' OR work.due > ${NOW_MS})`,
};

export const REPLAY_ENDED = {
  name: 'replay_ended',
  text: `INSERT INTO work (event, handler, state, attempts, due, alone, behind, since)
      SELECT event, handler, 'pending', 0, ${NOW_MS}, false, false, ${NOW_MS} FROM ${GIVEN}
      WHERE EXISTS (SELECT FROM inbox WHERE number = event) ON CONFLICT (event, handler) DO NOTHING`,
};

export const DISCARD_SELECTED = {
  name: 'discard_selected',
  text: `WITH gone AS (
        DELETE FROM work USING ${GIVEN}
        WHERE work.event = given.event AND work.handler = given.handler AND work.state = given.was
        RETURNING work.event, work.handler
      )
      INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
      SELECT event, handler, $4, 0, 0, 'discarded', $5 FROM gone ON CONFLICT DO NOTHING`,
};

function listsOfDeliveries(deliveries: readonly ActionDelivery[]): Buffer[] {
  return [
    bigintList(deliveries.map(({ event }) => event)),
    textList(deliveries.map(({ handler }) => handler)),
    textList(deliveries.map(({ state }) => state)),
  ];
}

/** They wait behind all that is new. What is due already needs no help. */
export async function replayOpen(asked: Asked, deliveries: readonly ActionDelivery[]): Promise<number> {
  if (deliveries.length === 0) return 0;
  const { rowCount } = await asked.query({ ...REPLAY_OPEN, values: listsOfDeliveries(deliveries) });
  return rowCount ?? 0;
}

/** Their events stay locked until the step is over, so that they are not purged meanwhile. */
export async function replayEnded(asked: Asked, deliveries: readonly ActionDelivery[]): Promise<number> {
  if (deliveries.length === 0) return 0;
  await asked.query('SELECT FROM inbox WHERE number = ANY ($1::bigint[]) ORDER BY number FOR SHARE', [
    bigintList(deliveries.map(({ event }) => event)),
  ]);
  const { rowCount } = await asked.query({ ...REPLAY_ENDED, values: listsOfDeliveries(deliveries) });
  return rowCount ?? 0;
}

export async function discardSelected(asked: Asked, deliveries: readonly ActionDelivery[]): Promise<number> {
  const { rowCount } = await asked.query({
    ...DISCARD_SELECTED,
    values: [...listsOfDeliveries(deliveries), Date.now(), DISCARDED_BY_HAND],
  });
  return rowCount ?? 0;
}

/** For a handler that is `latest` or takes items. False if it has changed meanwhile, or its state is not the newest of its thing. */
export async function replayByBody(
  asked: Asked,
  routes: ReadonlyMap<string, Route>,
  delivery: ActionDelivery,
): Promise<boolean> {
  const { event, whole, handler, state: was } = delivery;
  const stored = await asked.query<{ body: Buffer; batch: number | null }>(
    `SELECT body, (SELECT event FROM batches WHERE batches.event = number) AS batch FROM inbox WHERE number = $1 FOR SHARE`,
    [whole],
  );
  const work = await asked.query<{ state: string; isDue: boolean }>(
    `SELECT state, due <= ${NOW_MS} AS "isDue" FROM work WHERE event = $1 AND handler = $2 FOR UPDATE`,
    [event, handler],
  );
  const [found] = stored.rows;
  const [row] = work.rows;
  const isSame = row
    ? row.state === was && !(was === 'pending' && row.isDue)
    : was === 'done' || was === 'discarded';
  const given = found && givenPart(routes.get(handler) as Route, event, found.batch, found.body);
  if (!given || !isSame) return false;
  const { state, part, splits } = given;
  const now = Date.now();
  if (splits) await planSplits(asked, [{ event, handler }], { due: now, since: now });
  else if (!state && part)
    await insertItems(asked, handler, [{ event, ...part, state }], { due: now, since: now });
  if (splits || (!state && part)) return true;
  if (!state) {
    const one = [delivery];
    return (row ? await replayOpen(asked, one) : await replayEnded(asked, one)) > 0;
  }
  // What is over shall not be over in another way.
  if (!row && isOvertaken(await newestOf(asked, handler, state.thing), { ...state, event })) return false;
  return await replayState(asked, { event, handler, ...state, ...(part && { part }) });
}

/** For a `latest` handler: the event waits again, as of now, unless a newer one tells of its thing. Answers whether it does. */
export async function replayState(asked: Asked, told: EventState): Promise<boolean> {
  const { event, handler } = told;
  if ((await planNewest(asked, [told])) > 0) {
    await asked.query(`UPDATE work SET since = ${NOW_MS} WHERE event = $1 AND handler = $2`, [
      event,
      handler,
    ]);
    return true;
  }
  await asked.query('DELETE FROM work WHERE event = $1 AND handler = $2', [event, handler]);
  return false;
}

async function newestOf(asked: Asked, handler: string, thing: Buffer) {
  const { rows } = await asked.query<{ at: number; recordedAt: number; event: number }>(
    'SELECT at, recorded_at AS "recordedAt", event FROM newest WHERE handler = $1 AND thing = $2',
    [handler, thing],
  );
  return rows[0];
}
