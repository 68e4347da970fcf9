/**
 * Reads what is counted beside the events: tallies, uses of secrets, what waits. A part of reader.ts, for status, alarms and charts.
 * It never looks at an event.
 */
import type { Backlog } from './contract.ts';
import { DUPLICATES_OF, type DuplicateCount } from './counts.ts';
import { timeOfNumber } from './event-id.ts';
import type { Tables } from './reader.ts';
import {
  type HourTaken,
  minuteOf,
  TAKEN_OUTCOMES,
  type TallyRow,
  type TallyWish,
  timesOf,
} from './tallies.ts';

/** For both databases; tests look at how they find their rows. */
export const COUNT_QUERIES = {
  tallies: `SELECT step, bucket, kind, subject, outcome, count, times FROM tallies
    WHERE step = $1 AND bucket >= $2 AND bucket < $3 AND ($4 = '' OR kind = $4) AND ($5 = '' OR subject = $5)
    ORDER BY bucket`,
  hoursTaken: `SELECT subject AS source, bucket / 60 AS hour, CAST(sum(count) AS bigint) AS count FROM tallies
    WHERE step = 60 AND bucket >= $1 AND bucket < $2 AND kind = 'request'
      AND outcome IN (${TAKEN_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')}) GROUP BY subject, bucket ORDER BY bucket`,
  lastUses: 'SELECT source, max(last_at) AS at FROM secret_uses GROUP BY source',
  // What was replayed waits since then.
  backlog: `SELECT handler, state, count(*) AS count, min(CASE WHEN since IS NULL THEN event END) AS oldest,
      min(since) AS "replayedAt"
    FROM work GROUP BY handler, state ORDER BY handler, state`,
  duplicates: DUPLICATES_OF,
  replicas: 'SELECT name, beat FROM replicas ORDER BY slot',
  // One look into the index of what is due.
  oldestDue: (waits: string) =>
    `SELECT due FROM work WHERE handler = $1 AND ${waits} ORDER BY due, event LIMIT 1`,
} as const;

interface WaitingWork {
  readonly backlog: readonly Backlog[];
  /** Milliseconds since 1970 of the oldest pending event, if any. */
  readonly oldestPendingAt: number | null;
}

/** A process that shares the inbox with others. Whose heartbeat stands still is taken out of the list by the others. */
export interface LivingReplica {
  readonly name: string;
  readonly beat: number;
}

export class CountReader {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** In the order of their buckets. */
  async tallies({ step, from, until, kind, subject }: TallyWish): Promise<TallyRow[]> {
    const rows = await this.#tables.all<
      Omit<TallyRow, 'times'> & { readonly times: Parameters<typeof timesOf>[0] }
    >(COUNT_QUERIES.tallies, step, minuteOf(from), minuteOf(until), kind ?? '', subject ?? '');
    return rows.map(({ times, ...row }) => ({ ...row, times: timesOf(times) }));
  }

  /** What sources had taken in, hour by hour. */
  async hoursTaken(from: number, until: number): Promise<HourTaken[]> {
    return await this.#tables.all<HourTaken>(COUNT_QUERIES.hoursTaken, minuteOf(from), minuteOf(until));
  }

  /** When a secret of each source last proved a request, in milliseconds since 1970. */
  async lastProven(): Promise<Map<string, number>> {
    const uses = await this.#tables.all<{ source: string; at: number }>(COUNT_QUERIES.lastUses);
    return new Map(uses.map(({ source, at }) => [source, at]));
  }

  /** How often an event has come again; undefined if it has not. */
  async duplicatesOf(event: number): Promise<DuplicateCount | undefined> {
    const [row] = await this.#tables.all<DuplicateCount>(COUNT_QUERIES.duplicates, event);
    return row;
  }

  /** Counts the rows of work: while a service runs it knows them without. */
  async work(): Promise<WaitingWork> {
    const rows = await this.#tables.all<
      Backlog & { readonly [at in 'oldest' | 'replayedAt']: number | null }
    >(COUNT_QUERIES.backlog);
    const pending = rows.flatMap(({ state, oldest, replayedAt }) =>
      state === 'pending' ? [oldest === null ? null : timeOfNumber(oldest), replayedAt] : [],
    );
    const times = pending.filter((time) => time !== null);
    return {
      backlog: rows.map(({ handler, state, count }) => ({ handler, state, count })),
      oldestPendingAt: times.length === 0 ? null : Math.min(...times),
    };
  }

  /** Which are at work, and how many heartbeats each has written; undefined where one process owns the inbox. */
  async replicas(): Promise<LivingReplica[] | undefined> {
    return this.#tables.isShared ? await this.#tables.all<LivingReplica>(COUNT_QUERIES.replicas) : undefined;
  }

  /** For each of these handlers when what waits longest was due, or is, in milliseconds since 1970; left out where nothing waits. */
  async oldestDue(handlers: readonly string[]): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const handler of handlers) {
      const sql = COUNT_QUERIES.oldestDue(this.#tables.waitsForItsTime);
      const [row] = await this.#tables.all<{ due: number }>(sql, handler);
      if (row) found[handler] = row.due;
    }
    return found;
  }
}
