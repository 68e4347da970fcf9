/** Reads the state of the inbox over all replicas, and notes what a replica has counted. */
import type pg from 'pg';
import { MINUTE_MS } from '../../base/times.ts';
import type { InboxStatus, Route, SecretUse } from '../contract.ts';
import { ADD_DUPLICATE, type Counts, keyOfUse } from '../counts.ts';
import { timeOfNumber } from '../event-id.ts';
import { inForce } from '../pauses.ts';
import { rowsOfTallies } from '../tallies.ts';
import { Backlogs } from './backlog.ts';
import type { DatabaseClock } from './clock.ts';
import { type Asked, inTransaction } from './connection.ts';
import { readPauses } from './pauses.ts';
import { metaOf } from './schema.ts';
import { addTallyRows } from './tallies.ts';

export class StatusReader {
  readonly #pool: pg.Pool;
  readonly #clock: DatabaseClock;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #backlogs: Backlogs;
  /** An event that waits and whose number says that it is still to come, and since when it has been seen to wait. */
  #early: { readonly event: number; readonly since: number } | undefined;

  constructor(pool: pg.Pool, url: string, clock: DatabaseClock, routes: ReadonlyMap<string, Route>) {
    this.#routes = routes;
    this.#pool = pool;
    this.#clock = clock;
    this.#backlogs = new Backlogs(pool, url);
  }

  /** The caller adds what rests, since it knows its own targets. */
  async read(): Promise<Omit<InboxStatus, 'resting' | 'restsUntil'>> {
    // One connection at a time: the others are for events.
    const inbox = (await metaOf(this.#pool, 'inbox')) ?? '';
    const counts = await this.#backlogs.read();
    const pauses = await readPauses(this.#pool);
    const { doubtMs } = this.#clock;
    const waiting = counts.filter(({ state }) => state === 'pending');
    const fresh = waiting.flatMap(({ oldest }) => oldest ?? []);
    // A release before this one may have counted.
    const replayed = waiting.flatMap(({ since = null }) => since ?? []);
    const waitSince = [
      ...(fresh.length > 0 ? [this.#waitsSince(Math.min(...fresh))] : []),
      ...replayed.map((since) => this.#clock.onThisMachine(since)),
    ];
    return {
      inbox,
      backlog: counts.map(({ handler, state, count }) => ({ handler, state, count })),
      oldestPendingAt: waitSince.length === 0 ? null : Math.min(...waitSince),
      paused: inForce(pauses, this.#routes).map(({ since, ...pause }) => {
        return { ...pause, since: this.#clock.onThisMachine(since) };
      }),
      ...(doubtMs !== 0 && { clockDoubtMs: doubtMs }),
    };
  }

  /** By this machine's clock. Whoever numbered it may have had a wrong one, which must not hide that it waits. */
  #waitsSince(event: number): number {
    const now = Date.now();
    const since = this.#clock.onThisMachine(timeOfNumber(event));
    if (since <= now) return since;
    if (this.#early?.event !== event) this.#early = { event, since: now };
    return this.#early.since;
  }
}

/** All of it or nothing; by the clock that the replicas have in common. */
export async function noteCounts(
  pool: pg.Pool,
  clock: DatabaseClock,
  { uses, tallies, duplicates = [] }: Counts,
): Promise<void> {
  const rows = rowsOfTallies(
    tallies.map((tally) => ({ ...tally, minute: tally.minute - Math.round(clock.doubtMs / MINUTE_MS) })),
  );
  const usesInCommon = uses.map((use) => ({ ...use, lastAt: clock.inCommon(use.lastAt) }));
  await inTransaction(pool, async (client) => {
    await noteUses(client, usesInCommon);
    await addTallyRows(client, rows);
    for (const { event, count, lastAt } of duplicates)
      await client.query(ADD_DUPLICATE, [event, count, clock.inCommon(lastAt)]);
  });
}

/** In one order: others may do the same at this moment. */
export async function noteUses(asked: Asked, uses: readonly SecretUse[]): Promise<void> {
  const inOrder = uses.toSorted((one, other) => (keyOfUse(one) < keyOfUse(other) ? -1 : 1));
  for (const { source, scheme, secret, form, count, lastAt } of inOrder) {
    await asked.query(
      `INSERT INTO secret_uses AS known VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source, scheme, secret, form) DO UPDATE
       SET count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at)`,
      [source, scheme, secret, form, count, lastAt],
    );
  }
}
