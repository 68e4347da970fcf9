/** Writing down how attempts went, a batch at a time. */
import type pg from 'pg';
import { outcomeOf, type Route, type Settlement } from '../contract.ts';
import { bigintList, booleanList, integerList, textList } from './binary-array.ts';
import { inTransaction } from './connection.ts';
import { freeAllBehind, judgeSettled } from './newest.ts';
import { type Asked, SETTLE } from './statements.ts';

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
  const counted = plain.length === 0 ? [] : await write(pool, owner, plain);
  if (latest.length === 0) return counted;
  const ofThings = await inTransaction(pool, async (client) => {
    const { judged, things } = await judgeSettled(client, latest);
    const written = await write(client, owner, judged);
    await freeAllBehind(client, things);
    return written;
  });
  return [...counted, ...ofThings];
}

function attemptName({ event, attempt, handler }: Pick<Settlement, 'event' | 'attempt' | 'handler'>): string {
  return `${event} ${attempt} ${handler}`;
}

async function write(asked: Asked, owner: number, settled: readonly Settlement[]): Promise<Settlement[]> {
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
    ],
  });
  const counted = new Set(rows.map(attemptName));
  return settled.filter((settlement) => counted.has(attemptName(settlement)));
}
