/** Writing down how attempts went, a batch at a time. */
import type pg from 'pg';
import type { Route, Settlement } from '../contract.ts';
import { outcomeOf, statesInSql } from '../event-states.ts';
import { bigintList, booleanList, integerList, textList } from './binary-array.ts';
import { type Asked, inTransaction, NOW_MS } from './connection.ts';
import { freeAllBehind, judgeSettled } from './newest.ts';

/**
 * Writes down how attempts went, once for each. Only rows that this replica still owns, at that very attempt, are changed: a
 * late settlement of one that was taken over or given up changes nothing. Returns those that counted.
 */
export const SETTLE = {
  name: 'settle',
  text: `WITH given AS (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::int[], $5::text[], $6::int[], $7::bigint[], $8::boolean[],
      $9::bigint[], $10::int[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
    AS given (event, handler, attempt, state, counted, wait, alone, started_at, ms, outcome, error, status, output, cause)
  ), owned AS (
    SELECT given.*, row FROM given CROSS JOIN LATERAL (
      SELECT ctid AS row, attempts, state AS was, owner FROM work
      WHERE event = given.event AND handler = given.handler OFFSET 0 FOR UPDATE
    ) AS found
    WHERE attempts = given.attempt AND was = 'handling' AND owner = $1
  ), finished AS (
    DELETE FROM work WHERE ctid = ANY (ARRAY(SELECT row FROM owned WHERE state IN (${statesInSql('end')})))
    RETURNING event, handler, attempts AS attempt
  ), changed AS (
    UPDATE work SET state = owned.state, attempts = owned.counted, alone = owned.alone, owner = NULL,
      cause = coalesce(owned.cause, work.cause),
      due = CASE WHEN owned.wait = 0 THEN 0 ELSE ${NOW_MS} + owned.wait END
    FROM owned WHERE work.ctid = owned.row AND owned.state IN ('pending', 'dead')
    RETURNING owned.event, owned.handler, owned.attempt
  ), settled AS (SELECT * FROM finished UNION ALL SELECT * FROM changed
  ), recorded AS (
    INSERT INTO attempts
    SELECT event, handler, started_at, attempt, ms, outcome, error, status, output
    FROM given WHERE ((event, handler, attempt) IN (SELECT event, handler, attempt FROM settled)) IS TRUE
    ON CONFLICT (event, handler, started_at, attempt) DO UPDATE SET ms = excluded.ms, outcome = excluded.outcome,
      error = excluded.error, status = excluded.status, output = excluded.output
  )
  SELECT event, handler, attempt FROM settled`,
};

/** Answers with those that counted, as they counted. Rejects if nothing was written, or nobody knows. */
export async function settleAll(
  pool: pg.Pool,
  owner: number,
  routes: ReadonlyMap<string, Route>,
  given: readonly Settlement[],
): Promise<Settlement[]> {
  const once = new Map(given.toReversed().map((settlement) => [attemptName(settlement), settlement]));
  const settled = [...once.values()].map((settlement) => ({
    ...settlement,
    // A suspect blocks all hand-outs until it has run. If its handler is not wired any more nobody would run it.
    alone: settlement.alone && routes.has(settlement.handler),
  }));
  const isLatest = ({ handler }: Settlement) => routes.get(handler)?.latest !== undefined;
  const plain = settled.filter((settlement) => !isLatest(settlement));
  const latest = settled.filter(isLatest);
  const counted = plain.length === 0 ? [] : await writeSettlements(pool, owner, plain);
  if (latest.length === 0) return counted;
  const ofThings = await inTransaction(pool, async (client) => {
    const { judged, things } = await judgeSettled(client, latest);
    const written = await writeSettlements(client, owner, judged);
    await freeAllBehind(client, things);
    return written;
  });
  return [...counted, ...ofThings];
}

function attemptName({ event, attempt, handler }: Pick<Settlement, 'event' | 'attempt' | 'handler'>): string {
  return `${event} ${attempt} ${handler}`;
}

/** Answers with those that counted. */
export async function writeSettlements(
  asked: Asked,
  owner: number,
  settled: readonly Settlement[],
): Promise<Settlement[]> {
  const now = Date.now();
  const { rows } = await asked.query<{ event: number; handler: string; attempt: number }>({
    ...SETTLE,
    values: [
      owner,
      bigintList(settled.map(({ event }) => event)),
      textList(settled.map(({ handler }) => handler)),
      integerList(settled.map(({ attempt }) => attempt)),
      textList(settled.map(({ state }) => state)),
      integerList(settled.map(({ attempt, counted }) => attempt - (counted ? 0 : 1))),
      bigintList(settled.map(({ due }) => Math.max(0, due - now))),
      booleanList(settled.map(({ alone }) => alone)),
      bigintList(settled.map(({ startedAt }) => startedAt)),
      integerList(settled.map(({ ms }) => ms)),
      textList(settled.map(outcomeOf)),
      textList(settled.map(({ error }) => error)),
      textList(settled.map(({ status }) => status)),
      textList(settled.map(({ output }) => output)),
      textList(settled.map(({ cause = null }) => cause)),
    ],
  });
  const counted = new Set(rows.map(attemptName));
  return settled.filter((settlement) => counted.has(attemptName(settlement)));
}
