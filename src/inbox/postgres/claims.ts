/** What hand-out.ts asks of the tables: events that are due, for this replica to own. */
import type pg from 'pg';
import type { Delivery } from '../contract.ts';
import { idOf } from '../event-id.ts';
import { readContent } from '../identity.ts';
import type { StoredSource } from '../stored-source.ts';
import { integerList, NUL_SYMBOL, textList } from './binary-array.ts';
import { CLAIM, NOW_MS } from './statements.ts';

export interface Claimed extends Omit<Delivery, 'id'> {
  readonly source: string;
}

export interface Suspect {
  readonly event: number;
  readonly handler: string;
}

/** At most so many of each handler, and so many bytes in all; the first one however large, if `atLeastOne`. */
export async function claim(
  pool: pg.Pool,
  owner: number,
  wanted: ReadonlyMap<string, number>,
  bytesMost: number,
  atLeastOne: boolean,
): Promise<Claimed[]> {
  const lists = [textList([...wanted.keys()]), integerList([...wanted.values()])];
  const { rows } = await pool.query<Claimed>({ ...CLAIM, values: [...lists, owner, bytesMost, atLeastOne] });
  return rows;
}

/** Something of one of these handlers that must run alone: from now on only this replica may run it. */
export async function reserveSuspect(
  pool: pg.Pool,
  owner: number,
  handlers: readonly string[],
): Promise<Suspect | undefined> {
  const { rows } = await pool.query<Suspect>({
    name: 'reserve',
    text: `WITH found AS (SELECT event, handler FROM work
        WHERE state = 'pending' AND alone AND owner IS NULL AND due <= ${NOW_MS} AND handler = ANY ($1::text[])
        ORDER BY due, event LIMIT 1 FOR UPDATE SKIP LOCKED)
      UPDATE work SET owner = $2 FROM found WHERE work.event = found.event AND work.handler = found.handler
      RETURNING work.event, work.handler`,
    values: [textList(handlers), owner],
  });
  return rows[0];
}

/** It, if it is still to be run; or leaves it to others, if there is no slot for it here any more. */
export async function claimSuspect(
  pool: pg.Pool,
  owner: number,
  { event, handler }: Suspect,
  hasSlot: boolean,
): Promise<Claimed[]> {
  const { rows } = await pool.query<Claimed>(
    `WITH claimed AS (UPDATE work SET state = CASE WHEN $4 THEN 'handling' ELSE state END,
        attempts = attempts + $4::boolean::int, owner = CASE WHEN $4 THEN owner END
      WHERE event = $1 AND handler = $2 AND owner = $3 AND state = 'pending' AND alone
      RETURNING event, handler, attempts)
    SELECT event, handler, attempts AS attempt, source, type, external_id AS "externalId",
      received_at AS "receivedAt", headers, body
    FROM claimed JOIN inbox ON number = event WHERE $4`,
    [event, handler, owner, hasSlot],
  );
  return rows;
}

/** A type or id with a NUL is stored without it: the body has the exact one. */
export function deliveryOf(
  sources: ReadonlyMap<string, StoredSource>,
  { source, ...row }: Claimed,
): Delivery {
  const delivery = { ...row, id: idOf(row.event) };
  const stored = sources.get(source);
  if (!stored || ![row.type, row.externalId].some((text) => text?.includes(NUL_SYMBOL))) return delivery;
  const { type, externalId } = readContent(source, stored.shape, row.body);
  return { ...delivery, type, externalId };
}
