/**
 * What must run alone: it may have brought its thread down. It is first reserved, so that only one replica holds everything
 * else back for it. Part of hand-out.ts.
 */
import type pg from 'pg';
import type { Scheduler } from '../scheduler.ts';
import { textList } from './binary-array.ts';
import type { Claimed } from './claims.ts';
import { NOW_MS } from './connection.ts';

interface Suspect {
  readonly event: number;
  readonly handler: string;
}

export class Suspects {
  readonly #pool: pg.Pool;
  readonly #scheduler: Scheduler;
  readonly #handlers: readonly string[];
  #reserved: Suspect | undefined;

  /** `handlers`: those that run here. */
  constructor(pool: pg.Pool, scheduler: Scheduler, handlers: readonly string[]) {
    this.#pool = pool;
    this.#scheduler = scheduler;
    this.#handlers = handlers;
  }

  /** Looks for one, of a handler that has slots here. From then on only this replica may run it. */
  async reserve(owner: number): Promise<void> {
    if (this.#reserved) return;
    const able = this.#handlers.filter((handler) => this.#hasSlots(handler));
    const { rows } = await this.#pool.query<Suspect>({
      name: 'reserve',
      text: `WITH found AS (SELECT event, handler FROM work
          WHERE state = 'pending' AND alone AND owner IS NULL AND due <= ${NOW_MS} AND handler = ANY ($1::text[])
          ORDER BY due, event LIMIT 1 FOR UPDATE SKIP LOCKED)
        UPDATE work SET owner = $2 FROM found WHERE work.event = found.event AND work.handler = found.handler
        RETURNING work.event, work.handler`,
      values: [textList(able), owner],
    });
    this.#reserved = rows[0];
    this.#scheduler.expect(undefined, this.#reserved ? 0 : Number.POSITIVE_INFINITY, true);
  }

  /** The reserved one, once nothing else runs here, if it is still to be run. Undefined if it is not its time. */
  async claim(owner: number): Promise<readonly Claimed[] | undefined> {
    await this.reserve(owner);
    if (!this.#reserved || !this.#scheduler.idle) return undefined;
    const { event, handler } = this.#reserved;
    // It is left to others, if there is no slot for it here any more.
    const { rows } = await this.#pool.query<Claimed>(
      `WITH claimed AS (UPDATE work SET state = CASE WHEN $4 THEN 'handling' ELSE state END,
          attempts = attempts + $4::boolean::int, owner = CASE WHEN $4 THEN owner END
        WHERE event = $1 AND handler = $2 AND owner = $3 AND state = 'pending' AND alone
        RETURNING event, handler, attempts)
      SELECT event, handler, attempts AS attempt, source, type, external_id AS "externalId",
        received_at AS "receivedAt", headers, body
      FROM claimed JOIN inbox ON number = event WHERE $4`,
      [event, handler, owner, this.#hasSlots(handler)],
    );
    this.#reserved = undefined;
    this.#scheduler.expect(undefined, Number.POSITIVE_INFINITY, true);
    return rows;
  }

  #hasSlots(handler: string): boolean {
    const target = this.#scheduler.targets.of(handler);
    return target.slots + target.out > 0;
  }
}
