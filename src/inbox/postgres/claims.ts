/**
 * Claims: events that are due become this replica's own. Part of hand-out.ts.
 *
 * What must run alone may have brought its thread down. It is first reserved, so that only one replica holds everything else
 * back for it.
 */
import type pg from 'pg';
import type { Delivery } from '../contract.ts';
import type { Scheduler } from '../scheduler.ts';
import { integerList, textList } from './binary-array.ts';
import type { Circuits } from './circuits.ts';
import { NOW_MS } from './connection.ts';

/** So many at most for one handler at a time. */
const CLAIM_STEP = 100;
/** Handlers for which nothing is known to wait are asked about so often. */
export const POLL_MS = 1_000;
const BYTES_SCARCE = 32 * 1_048_576;

export interface Claimed extends Omit<Delivery, 'id'> {
  readonly source: string;
}

/** Of `claimed`, joined with `inbox`. */
const CLAIMED = `event, batch, handler, attempts AS attempt, source, type, external_id AS "externalId",
    received_at AS "receivedAt", headers,
    CASE WHEN batch IS NULL THEN body ELSE substring(body FROM item_at + 1 FOR item_length) END AS body`;

/**
 * Claims what is due for each handler, oldest first: as many as it has room for, as long as their bodies together fit into
 * the bytes that are left. Rows that another replica is claiming at this moment are passed over.
 */
export const CLAIM = {
  name: 'claim',
  text: `WITH due AS (
    SELECT event, handler, row, coalesce(item_length, (SELECT octet_length(body) FROM inbox WHERE number = event)) AS length
    FROM unnest($1::text[], $2::int[]) AS wanted (name, most)
    CROSS JOIN LATERAL (
      SELECT event, handler, item_length, ctid AS row FROM work
      WHERE handler = wanted.name AND state = 'pending' AND NOT alone AND NOT behind AND due <= ${NOW_MS}
      ORDER BY due, event LIMIT wanted.most FOR UPDATE SKIP LOCKED
    ) AS found
  ), fitting AS (
    SELECT row, sum(length) OVER (ORDER BY event, handler) AS bytes, row_number() OVER (ORDER BY event, handler) AS place
    FROM due WHERE length IS NOT NULL
  ), claimed AS (
    UPDATE work SET state = 'handling', attempts = attempts + 1, owner = $3
    WHERE ctid = ANY (ARRAY(SELECT row FROM fitting WHERE bytes <= $4::bigint OR ($5::boolean AND place = 1)))
      AND state = 'pending'
    RETURNING event, handler, attempts, batch, item_at, item_length
  )
  SELECT ${CLAIMED} FROM claimed
  CROSS JOIN LATERAL (SELECT * FROM inbox WHERE number = coalesce(batch, event) OFFSET 0) AS stored
  ORDER BY event, handler`,
};

export interface ClaimsOptions {
  readonly pool: pg.Pool;
  readonly scheduler: Scheduler;
  readonly circuits: Circuits;
  /** Full names of those that run here. */
  readonly handlers: readonly string[];
}

export class Claims {
  readonly #options: ClaimsOptions;
  /** What must run alone here. */
  #reserved: Pick<Claimed, 'event' | 'handler'> | undefined;
  /** The last claim may have got less than there was, because too many bytes were out. */
  #cut = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /**
   * As much as there is room for. One handler of each target: those that share a target take turns. `deliver` is called as
   * soon as the slots are not reserved any more: nobody must take them in between.
   */
  async take(owner: number, deliver: (rows: readonly Claimed[], generation: number) => void): Promise<void> {
    const { scheduler } = this.#options;
    await this.#startTrials(owner);
    const now = Date.now();
    const wanted = new Map<string, number>();
    const targets = new Set<string>();
    for (const handler of scheduler.handlersWithWork(now)) {
      const target = scheduler.targets.nameOf(handler);
      if (targets.has(target)) continue;
      targets.add(target);
      wanted.set(handler, Math.min(scheduler.targets.of(handler).room(now), CLAIM_STEP));
    }
    if (wanted.size === 0) return;
    const { generation } = scheduler;
    for (const [handler, count] of wanted) scheduler.targets.of(handler).reserve(count);
    // What comes in from now on says so itself.
    for (const handler of wanted.keys()) scheduler.expect(handler, now + POLL_MS, true);
    const rows = await this.#claim(owner, wanted).catch((error: Error) => error);
    // Slots that were cleared meanwhile reserve nothing any more.
    if (scheduler.generation === generation)
      for (const [handler, count] of wanted) scheduler.targets.of(handler).unreserve(count);
    if (rows instanceof Error) {
      // Nobody knows what is left.
      for (const handler of wanted.keys()) scheduler.expect(handler, 0);
      throw rows;
    }
    this.#expectMore(wanted, rows);
    deliver(rows, generation);
  }

  /** Looks for something that must run alone, of a handler that has slots here: from then on only this replica may run it. */
  async reserve(owner: number): Promise<void> {
    if (this.#reserved) return;
    const { pool, scheduler, handlers } = this.#options;
    const able = handlers.filter((handler) => this.#mayRun(handler));
    const { rows } = await pool.query<Pick<Claimed, 'event' | 'handler'>>({
      name: 'reserve',
      text: `WITH found AS (SELECT event, handler FROM work
          WHERE state = 'pending' AND alone AND owner IS NULL AND due <= ${NOW_MS} AND handler = ANY ($1::text[])
          ORDER BY due, event LIMIT 1 FOR UPDATE SKIP LOCKED)
        UPDATE work SET owner = $2 FROM found WHERE work.event = found.event AND work.handler = found.handler
        RETURNING work.event, work.handler`,
      values: [textList(able), owner],
    });
    this.#reserved = rows[0];
    scheduler.expect(undefined, this.#reserved ? 0 : Number.POSITIVE_INFINITY, true);
  }

  /** The reserved one, once nothing else runs here, if it is still to be run. Undefined if it is not its time. */
  async takeAlone(owner: number): Promise<readonly Claimed[] | undefined> {
    const { pool, scheduler } = this.#options;
    await this.reserve(owner);
    if (!this.#reserved || !scheduler.idle) return undefined;
    const { event, handler } = this.#reserved;
    // It is left to others, if there is no slot for it here any more, and to later, if it is paused.
    const { rows } = await pool.query<Claimed>(
      `WITH claimed AS (UPDATE work SET state = CASE WHEN $4 THEN 'handling' ELSE state END,
          attempts = attempts + $4::boolean::int, owner = CASE WHEN $4 THEN owner END
        WHERE event = $1 AND handler = $2 AND owner = $3 AND state = 'pending' AND alone
        RETURNING event, handler, attempts, batch, item_at, item_length)
      SELECT ${CLAIMED} FROM claimed JOIN inbox ON number = coalesce(batch, event) WHERE $4`,
      [event, handler, owner, this.#mayRun(handler)],
    );
    this.#reserved = undefined;
    scheduler.expect(undefined, Number.POSITIVE_INFINITY, true);
    return rows;
  }

  #mayRun(handler: string): boolean {
    const { targets, pausedHandlers } = this.#options.scheduler;
    const target = targets.of(handler);
    return !pausedHandlers.has(handler) && target.slots + target.out > 0;
  }

  /** Bytes have been given back. */
  lookAgainIfCut(): void {
    const { scheduler, handlers } = this.#options;
    if (this.#cut) for (const handler of handlers) scheduler.expect(handler, 0);
    this.#cut = false;
  }

  /** At most so many of each handler, and so many bytes in all; the first one however large, if nothing else is out. */
  async #claim(owner: number, wanted: ReadonlyMap<string, number>): Promise<readonly Claimed[]> {
    const { pool, scheduler } = this.#options;
    const lists = [textList([...wanted.keys()]), integerList([...wanted.values()])];
    const values = [...lists, owner, scheduler.bytesLeft, scheduler.idle];
    return (await pool.query<Claimed>({ ...CLAIM, values })).rows;
  }

  /** One replica tries a target after its rest. The others look again in a while, or when they hear how it went. */
  async #startTrials(owner: number): Promise<void> {
    const { scheduler, circuits, handlers } = this.#options;
    for (const name of scheduler.targetsAwaitingTrial(Date.now())) {
      const ofTarget = handlers.filter((handler) => scheduler.targets.nameOf(handler) === name);
      if (await circuits.startTrial(name, ofTarget, owner)) continue;
      for (const handler of ofTarget) scheduler.expect(handler, Date.now() + POLL_MS, true);
    }
  }

  /** A handler that got less than it has room for had nothing more that was due. */
  #expectMore(wanted: ReadonlyMap<string, number>, rows: readonly Claimed[]): void {
    const { scheduler } = this.#options;
    const isScarce = !scheduler.idle && scheduler.bytesLeft < BYTES_SCARCE;
    for (const [handler, count] of wanted) {
      if (rows.filter((row) => row.handler === handler).length < count) this.#cut ||= isScarce;
      else scheduler.expect(handler, 0);
    }
  }
}
