/**
 * What is open because it failed, in groups of one handler and one cause (cause.ts): dead, or to be tried again. Read for
 * `consignee events failures` and for whoever shows the same; in SQL that both databases understand.
 */
import { iso } from '../base/times.ts';
import type { CauseRow } from './cause.ts';
import { idInBatch } from './event-id.ts';
import type { SearchTables } from './fresh-keys.ts';
import type { SqlValue } from './selection-sql.ts';

export interface FailureFilter {
  readonly handler?: string;
  /** Those that were last seen since then, in milliseconds since 1970; and what of them is over, too. */
  readonly since?: number;
}

export interface FailureGroup {
  readonly handler: string;
  /** What `--cause` takes. */
  readonly cause: string;
  /** Events that are dead because of it. */
  readonly dead: number;
  /** Events that are tried again, or are on trial at this moment. */
  readonly retrying: number;
  readonly first: string;
  readonly last: string;
  /** How many attempts have failed like that. */
  readonly seen: number;
  /** One such failure in full. */
  readonly sample: string;
  /** Ids of the newest three events. */
  readonly newest: readonly string[];
}

export interface Failures {
  /** Those with most open events first. */
  readonly groups: readonly FailureGroup[];
  /** So many groups more than are here. */
  readonly more: number;
}

interface OpenCount {
  readonly handler: string;
  readonly cause: string;
  readonly open: number;
  readonly dead: number;
}

const GROUPS_MAX = 100;
const NEWEST = 3;

export async function readFailures(
  tables: SearchTables,
  { handler, since }: FailureFilter,
): Promise<Failures> {
  const ofHandler = handler === undefined ? '' : 'AND handler = $1';
  const values: readonly SqlValue[] = handler === undefined ? [] : [handler];
  const open = await tables.all<OpenCount>(
    `SELECT handler, cause, count(*) AS open, count(*) FILTER (WHERE state = 'dead') AS dead FROM work
     WHERE cause IS NOT NULL ${ofHandler} GROUP BY handler, cause`,
    ...values,
  );
  const known = await tables.all<CauseRow>(
    `SELECT handler, cause, sample, first_at AS "firstAt", last_at AS "lastAt", seen FROM causes WHERE true ${ofHandler}`,
    ...values,
  );
  const nameOf = (row: Pick<OpenCount, 'handler' | 'cause'>) => `${row.handler} ${row.cause}`;
  const counts = new Map(open.map((row) => [nameOf(row), row]));
  const facts = new Map(known.map((row) => [nameOf(row), row]));
  const names = [...new Set([...counts.keys(), ...facts.keys()])].filter((name) =>
    since === undefined ? counts.has(name) : (facts.get(name)?.lastAt ?? 0) >= since,
  );
  const openOf = (name: string) => counts.get(name)?.open ?? 0;
  names.sort(
    (one, other) =>
      openOf(other) - openOf(one) || (facts.get(other)?.lastAt ?? 0) - (facts.get(one)?.lastAt ?? 0),
  );
  const groups: FailureGroup[] = [];
  for (const name of names.slice(0, GROUPS_MAX)) {
    const [of = '', cause = ''] = name.split(' ');
    const { open: all, dead } = counts.get(name) ?? { open: 0, dead: 0 };
    const events = await newestFailedOf(tables, of, cause);
    const fact = facts.get(name) ?? (await factOf(tables, of, cause, events[0]?.event));
    groups.push({
      ...{ handler: of, cause, dead, retrying: all - dead },
      ...{ first: iso(fact.firstAt), last: iso(fact.lastAt), seen: fact.seen, sample: fact.sample },
      newest: events.map(({ event, batch }) => idInBatch(event, batch)),
    });
  }
  return { groups, more: names.length - groups.length };
}

async function newestFailedOf(tables: SearchTables, handler: string, cause: string) {
  return await tables.all<{ event: number; batch: number | null }>(
    `SELECT event, batch FROM work WHERE handler = $1 AND cause = $2 ORDER BY event DESC LIMIT ${NEWEST}`,
    handler,
    cause,
  );
}

/** There were too many causes to keep this one: its newest event says what there is to say. */
async function factOf(tables: SearchTables, handler: string, cause: string, event = 0): Promise<CauseRow> {
  const [last] = await tables.all<{ error: string | null; startedAt: number }>(
    `SELECT error, started_at AS "startedAt" FROM attempts WHERE event = $1 AND handler = $2
     ORDER BY started_at DESC LIMIT 1`,
    event,
    handler,
  );
  const at = last?.startedAt ?? Date.now();
  return { handler, cause, sample: last?.error ?? '', firstAt: at, lastAt: at, seen: 0 };
}
