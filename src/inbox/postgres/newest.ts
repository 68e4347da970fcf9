/**
 * The statements for the rules of ../newest.ts, for whole batches.
 *
 * Several replicas may be told of one thing at the same time. Whoever changes work of a thing holds the thing's row of
 * `newest` first, and things in their own order: so each is changed by one after the other, and nobody waits in a circle.
 */
import type { Settlement } from '../contract.ts';
import { isNewer, overtakenBy, unlessOvertaken } from '../newest.ts';
import { bigintList, bytesList, integerList, textList } from './binary-array.ts';
import type { Asked } from './statements.ts';

/** An event that tells a thing's state. */
export interface Telling {
  readonly event: number;
  readonly handler: string;
  readonly thing: Buffer;
  readonly at: number;
}

interface Overtaken {
  readonly event: number;
  readonly handler: string;
  readonly attempt: number;
  readonly by: number;
}

const keyOf = ({ handler, thing }: { handler: string; thing: Uint8Array }) =>
  `${Buffer.from(thing).toString('hex')} ${handler}`;

/** Plans new events among those of the same things: a row of work for each that is not overtaken. Answers with which. */
export async function planNewest(asked: Asked, tellings: readonly Telling[]): Promise<Set<Telling>> {
  if (tellings.length === 0) return new Set();
  const newest = new Map<string, Telling>();
  for (const telling of tellings) {
    const known = newest.get(keyOf(telling));
    if (!known || isNewer(telling, known)) newest.set(keyOf(telling), telling);
  }
  const candidates = [...newest]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, telling]) => telling);
  const winners = await raise(asked, candidates);
  const accepted = candidates.filter((telling) => winners.get(keyOf(telling)) === telling.event);
  const overtaken: Overtaken[] = tellings
    .filter((telling) => !accepted.includes(telling))
    .map((telling) => ({ ...telling, attempt: 0, by: winners.get(keyOf(telling)) as number }));
  overtaken.push(...(await removeOlder(asked, accepted)));
  await noteOvertaken(asked, overtaken);
  await insertWork(asked, accepted);
  return new Set(accepted);
}

/** Holds the things' rows, and answers for each with the event whose state is the newest now. */
async function raise(asked: Asked, tellings: readonly Telling[]): Promise<Map<string, number>> {
  const { rows } = await asked.query<{ handler: string; thing: Buffer; event: number }>(
    `INSERT INTO newest AS known (handler, thing, at, event)
     SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[])
     ON CONFLICT (handler, thing) DO UPDATE
     SET at = CASE WHEN (excluded.at, excluded.event) >= (known.at, known.event) THEN excluded.at ELSE known.at END,
       event = CASE WHEN (excluded.at, excluded.event) >= (known.at, known.event) THEN excluded.event ELSE known.event END
     RETURNING handler, thing, event`,
    [
      textList(tellings.map(({ handler }) => handler)),
      bytesList(tellings.map(({ thing }) => thing)),
      bigintList(tellings.map(({ at }) => at)),
      bigintList(tellings.map(({ event }) => event)),
    ],
  );
  return new Map(rows.map((row) => [keyOf(row), row.event]));
}

const OF_THINGS = 'unnest($1::text[], $2::bytea[], $3::bigint[]) AS told (handler, thing, event)';

function listsOf(tellings: readonly Telling[]): Buffer[] {
  return [
    textList(tellings.map(({ handler }) => handler)),
    bytesList(tellings.map(({ thing }) => thing)),
    bigintList(tellings.map(({ event }) => event)),
  ];
}

/** What waits, is held or dead of the same things goes. */
async function removeOlder(asked: Asked, tellings: readonly Telling[]): Promise<Overtaken[]> {
  const { rows } = await asked.query<Overtaken>(
    `DELETE FROM work USING ${OF_THINGS}
     WHERE work.handler = told.handler AND work.thing = told.thing AND work.event <> told.event
       AND work.state <> 'handling'
     RETURNING work.event, work.handler, work.attempts AS attempt, told.event AS by`,
    listsOf(tellings),
  );
  return rows;
}

/** Behind an older state that is being handled it waits. */
async function insertWork(asked: Asked, tellings: readonly Telling[]): Promise<void> {
  await asked.query(
    `INSERT INTO work (event, handler, state, attempts, due, alone, behind, thing)
     SELECT event, handler, 'pending', 0, 0, false, EXISTS (SELECT FROM work AS other
       WHERE other.handler = told.handler AND other.thing = told.thing AND other.state = 'handling'), thing
     FROM ${OF_THINGS}
     ON CONFLICT (event, handler) DO UPDATE SET state = 'pending', attempts = 0, due = 0, alone = false, owner = NULL,
       behind = excluded.behind, thing = excluded.thing`,
    listsOf(tellings),
  );
}

async function noteOvertaken(asked: Asked, overtaken: readonly Overtaken[]): Promise<void> {
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

interface Thing {
  readonly handler: string;
  readonly thing: Buffer;
}

/** Holds the things of what is about to be settled, and settles it by the rules. */
export async function judgeSettled(asked: Asked, settled: readonly Settlement[]) {
  const { rows } = await asked.query<Thing & { event: number; newest: number }>(
    `SELECT work.event, work.handler, work.thing, newest.event AS newest
     FROM unnest($1::bigint[], $2::text[]) AS told (event, handler)
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
