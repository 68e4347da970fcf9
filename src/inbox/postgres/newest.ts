/**
 * The statements for the rules of ../newest.ts, for whole batches.
 *
 * Several replicas may be told of one thing at the same time. Whoever changes work of a thing holds the thing's row of
 * `newest` first, and things in their own order: so each is changed by one after the other, and nobody waits in a circle.
 */
import type { Settlement } from '../contract.ts';
import { type EventState, isNewer, overtakenBy, unlessOvertaken } from '../newest.ts';
import { bigintList, bigintOrNullList, bytesList, integerList, textList } from './binary-array.ts';
import type { Asked } from './connection.ts';

interface Overtaken {
  readonly event: number;
  readonly handler: string;
  readonly attempt: number;
  readonly by: number;
}

type Thing = Pick<EventState, 'handler' | 'thing'>;

const thingKey = ({ handler, thing }: Thing) => `${thing.toString('hex')} ${handler}`;

/** Plans new events among those of the same things: a row of work for each that is not overtaken. Returns how many. */
export async function planNewest(asked: Asked, states: readonly EventState[]): Promise<number> {
  if (states.length === 0) return 0;
  const newest = new Map<string, EventState>();
  for (const state of states) {
    const known = newest.get(thingKey(state));
    if (!known || isNewer(state, known)) newest.set(thingKey(state), state);
  }
  const candidates = [...newest].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, state]) => state);
  const winners = await raiseNewest(asked, candidates);
  const accepted = candidates.filter((state) => winners.get(thingKey(state)) === state.event);
  const overtaken: Overtaken[] = states
    .filter((state) => !accepted.includes(state))
    .map((state) => ({ ...state, attempt: 0, by: winners.get(thingKey(state)) as number }));
  overtaken.push(...(await removeOlder(asked, accepted)));
  await noteAllOvertaken(asked, overtaken);
  await insertStates(asked, accepted);
  return accepted.length;
}

/** Locks the rows of these things, and returns for each the event whose state is the newest now. */
async function raiseNewest(asked: Asked, states: readonly EventState[]): Promise<Map<string, number>> {
  const { rows } = await asked.query<Thing & Pick<EventState, 'event'>>(
    `INSERT INTO newest AS known (handler, thing, at, event, recorded_at)
     SELECT * FROM unnest($1::text[], $2::bytea[], $4::bigint[], $3::bigint[], $5::bigint[])
     ON CONFLICT (handler, thing) DO UPDATE
     SET (at, recorded_at, event) = (
       SELECT * FROM (VALUES (excluded.at, excluded.recorded_at, excluded.event), (known.at, known.recorded_at, known.event))
       AS told (at, recorded_at, event) ORDER BY at DESC, recorded_at DESC, event DESC LIMIT 1)
     RETURNING handler, thing, event`,
    [
      ...listsOf(states),
      bigintList(states.map(({ at }) => at)),
      bigintList(states.map(({ recordedAt }) => recordedAt)),
    ],
  );
  return new Map(rows.map((row) => [thingKey(row), row.event]));
}

const OF_THINGS = 'unnest($1::text[], $2::bytea[], $3::bigint[]) AS given (handler, thing, event)';

function listsOf(states: readonly EventState[]): Buffer[] {
  return [
    textList(states.map(({ handler }) => handler)),
    bytesList(states.map(({ thing }) => thing)),
    bigintList(states.map(({ event }) => event)),
  ];
}

/** Removes older work on the same things: what waits, is held or is dead. */
async function removeOlder(asked: Asked, states: readonly EventState[]): Promise<Overtaken[]> {
  const { rows } = await asked.query<Overtaken>(
    `DELETE FROM work USING ${OF_THINGS}
     WHERE work.handler = given.handler AND work.thing = given.thing AND work.event <> given.event
       AND work.state <> 'handling'
     RETURNING work.event, work.handler, work.attempts AS attempt, given.event AS by`,
    listsOf(states),
  );
  return rows;
}

/** An event waits behind an older state that is being handled. */
async function insertStates(asked: Asked, states: readonly EventState[]): Promise<void> {
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, thing, batch, item_at, item_length)
     SELECT event, handler, 'pending', 0, 0, false, EXISTS (SELECT FROM work AS other
       WHERE other.handler = given.handler AND other.thing = given.thing AND other.state = 'handling'),
       thing, batch, item_at, item_length
     FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
       AS given (handler, thing, event, batch, item_at, item_length)
     ON CONFLICT (event, handler) DO UPDATE SET state = 'pending', attempts = 0, due = 0, alone = false, owner = NULL,
       cause = NULL, behind = excluded.behind, thing = excluded.thing`,
    [
      ...listsOf(states),
      bigintOrNullList(states.map(({ part }) => part?.batch ?? null)),
      bigintOrNullList(states.map(({ part }) => part?.itemAt ?? null)),
      bigintOrNullList(states.map(({ part }) => part?.itemLength ?? null)),
    ],
  );
}

async function noteAllOvertaken(asked: Asked, overtaken: readonly Overtaken[]): Promise<void> {
  if (overtaken.length === 0) return;
  await asked.query(
    `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
     SELECT event, handler, $5, attempt, 0, 'discarded', error
     FROM unnest($1::bigint[], $2::text[], $3::int[], $4::text[]) AS given (event, handler, attempt, error)
     ON CONFLICT DO NOTHING`,
    [
      bigintList(overtaken.map(({ event }) => event)),
      textList(overtaken.map(({ handler }) => handler)),
      integerList(overtaken.map(({ attempt }) => attempt)),
      textList(overtaken.map(({ by }) => overtakenBy(by))),
      Date.now(),
    ],
  );
}

/** Locks the things of what is about to be settled, and judges each settlement by the rules. */
export async function judgeSettled(asked: Asked, settled: readonly Settlement[]) {
  const { rows } = await asked.query<Thing & { event: number; newest: number }>(
    `SELECT work.event, work.handler, work.thing, newest.event AS newest
     FROM unnest($1::bigint[], $2::text[]) AS given (event, handler)
     JOIN work USING (event, handler) JOIN newest USING (handler, thing)
     ORDER BY newest.thing, newest.handler COLLATE "C" FOR UPDATE OF newest`,
    [bigintList(settled.map(({ event }) => event)), textList(settled.map(({ handler }) => handler))],
  );
  const newest = new Map(rows.map((row) => [`${row.event} ${row.handler}`, row.newest]));
  const judged = settled.map((settlement) =>
    unlessOvertaken(settlement, newest.get(`${settlement.event} ${settlement.handler}`)),
  );
  return { judged, things: rows as readonly Thing[] };
}

/** Called when the one ahead has ended. A late settlement of one that was taken over says nothing of the run that is on. */
export async function freeAllBehind(asked: Asked, things: readonly Thing[]): Promise<void> {
  await asked.query(
    `UPDATE work SET behind = false FROM unnest($1::text[], $2::bytea[]) AS freed (handler, thing)
     WHERE work.handler = freed.handler AND work.thing = freed.thing AND behind AND NOT EXISTS (SELECT FROM work AS other
       WHERE other.handler = freed.handler AND other.thing = freed.thing AND other.state = 'handling')`,
    [textList(things.map(({ handler }) => handler)), bytesList(things.map(({ thing }) => thing))],
  );
}
