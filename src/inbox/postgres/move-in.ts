/**
 * The beginning and the end of moving an inbox in. Called by ../move.ts; what comes between is in import.ts.
 *
 *   begin   nobody is at work; the mark is set (schema.ts), and `moving_work` is made, where what is to do waits
 *   end     in one transaction: what waits is due from now on, and the mark gives way to `moved from …`
 *
 * Refused: a replica that lives, another inbox on its way in, events that this move did not bring, and an inbox that has
 * moved in before: what comes under its name again is an older copy, and would bring back what was done since.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { ConfigError } from '../../base/errors.ts';
import { iso } from '../../base/times.ts';
import { spelled } from '../../base/words.ts';
import type { CauseRow } from '../cause.ts';
import type { SecretUse } from '../contract.ts';
import type { MovedAction } from '../move-rows.ts';
import type { Pause } from '../pauses.ts';
import { addCauses } from './causes.ts';
import { type Asked, atomically } from './connection.ts';
import { takeFingerprintKey } from './fingerprint-key.ts';
import { ENTRY_LOCK } from './lease.ts';
import { type Moving, metaOf, movingIn, movingProblem } from './schema.ts';
import { noteUses } from './status.ts';

/** Whoever moves an inbox in holds this lock; so does what a killed command has left under way in the database. */
const MOVE_LOCK = 0x4373_676d;
const LOCK_MS = 5_000;
const LOOK_MS = 500;
/** The owner of work whose replica is gone: no replica has this number. */
const NOBODY = -1;

/** On this connection alone, until it ends. Throws if somebody else has it. */
export async function takeMoveLock(client: pg.ClientBase): Promise<void> {
  await client.query(`SET lock_timeout = ${LOCK_MS}`);
  await client.query('SELECT pg_advisory_lock($1)', [MOVE_LOCK]).catch((error: { code?: string }) => {
    throw error.code === '55P03' ? new Error('another move into this database is under way') : error;
  });
  // A large inbox takes its time, whatever is usual for this role.
  await client.query('SET lock_timeout = 0; SET statement_timeout = 0');
}

interface MoveIn {
  readonly moving: Moving;
  /** The highest number of an event of that inbox. */
  readonly newest: number;
  /** The database, as people are to see it. */
  readonly place: string;
  readonly leaseMs: number;
  readonly tell: (line: string) => void;
}

/**
 * Sets the mark: nobody works here from now on. What an earlier run of the same move has copied is thrown away. Throws
 * ConfigError if the database is not fit; nothing has changed then.
 */
export async function beginMove(client: pg.ClientBase, move: MoveIn): Promise<void> {
  const { moving, place } = move;
  const dead = await findDead(client, move);
  await atomically(client, async () => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [ENTRY_LOCK]);
    for (const { id, beat } of dead) {
      await client.query('DELETE FROM replicas WHERE id = $1 AND beat = $2', [id, beat]);
    }
    const reason = await whyUnfit(client, move);
    if (reason) {
      const wrong = `names PostgreSQL at ${place}, ${reason.wrong}`;
      throw new ConfigError([{ setting: 'DATABASE_URL', wrong, fix: reason.fix }]);
    }
    if (await movingIn(client)) await removeCopied(client);
    const mark = JSON.stringify(moving);
    await client.query("INSERT INTO meta VALUES ('moving', $1) ON CONFLICT DO NOTHING", [mark]);
    await client.query('CREATE TABLE moving_work (LIKE work, PRIMARY KEY (event, handler))');
  });
}

/** The time at which that inbox has moved in; undefined if it has not. */
export async function movedInAt(asked: Asked, inbox: string): Promise<string | undefined> {
  return await metaOf(asked, keyOfMoved(inbox));
}

function keyOfMoved(inbox: string): string {
  return `moved from ${inbox}`;
}

async function whyUnfit(client: pg.ClientBase, { moving, newest, place }: MoveIn) {
  const replicas = await client.query<{ name: string }>('SELECT name FROM replicas ORDER BY id');
  if (replicas.rows.length > 0) {
    const names = replicas.rows.map(({ name }) => name).join(', ');
    return { wrong: `where Consignee is at work (${names})`, fix: 'Stop it until the move is over.' };
  }
  const mark = await movingIn(client);
  if (mark && mark.inbox !== moving.inbox) throw new ConfigError([movingProblem(place, mark)]);
  const before = await movedInAt(client, moving.inbox);
  if (before !== undefined) {
    const fix = 'It is an older copy, or went on by itself: give it a database of its own.';
    return { wrong: `where ${moving.from} has moved already, at ${before}`, fix };
  }
  const { count, last } = await lockEvents(client);
  if (mark && last > newest) {
    const fix = 'If the file is an older copy, name the newer one. If not, somebody else has written there.';
    return { wrong: `which holds newer events than ${moving.from}`, fix };
  }
  if (mark || count === 0) return undefined;
  const wrong = `which holds ${spelled(count, 'event')} already`;
  return { wrong, fix: 'Name an empty database: two inboxes are not mixed.' };
}

/** A replica that does not know yet that it counts as dead can store nothing from here to the end of the transaction. */
async function lockEvents(client: pg.ClientBase): Promise<{ count: number; last: number }> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_MS}; LOCK TABLE keys IN EXCLUSIVE MODE`);
  const { rows } = await client.query<{ count: number; last: number }>(
    'SELECT count(*) AS count, coalesce(max(number), 0) AS last FROM keys',
  );
  return rows[0] ?? { count: 0, last: 0 };
}

async function removeCopied(client: pg.ClientBase): Promise<void> {
  await client.query(
    'TRUNCATE keys, inbox, batches, attempts, newest, search_keys, search_progress, tallies, duplicates; DROP TABLE IF EXISTS moving_work',
  );
}

/**
 * Leaves the database as empty as it was, if it still has this move's mark and nobody else has stored anything. Never called
 * once the file may be marked as moved: until then the file holds all that is thrown away here.
 */
export async function cancelMove(client: pg.ClientBase, { moving, newest }: MoveIn): Promise<void> {
  await atomically(client, async () => {
    const isOurs = (await movingIn(client))?.inbox === moving.inbox;
    if (!isOurs || (await lockEvents(client)).last > newest) return;
    await client.query("DELETE FROM meta WHERE key = 'moving'");
    await removeCopied(client);
  });
}

/** Replicas whose heartbeat has stood still for a lease. Returns none as soon as one heartbeat moves: somebody is alive. */
async function findDead(client: pg.ClientBase, { leaseMs, tell }: MoveIn) {
  const look = async () =>
    (await client.query<{ id: number; beat: number }>('SELECT id, beat FROM replicas')).rows;
  const first = await look();
  if (first.length > 0) tell('Looking whether Consignee is at work there.');
  for (const end = performance.now() + leaseMs; first.length > 0 && performance.now() < end; ) {
    await sleep(LOOK_MS);
    const beats = new Map((await look()).map(({ id, beat }) => [id, beat]));
    if (first.some(({ id, beat }) => (beats.get(id) ?? beat) !== beat)) return [];
  }
  return first;
}

/** What the end takes from the inbox that moves in. */
interface MovedSource {
  /** Its name. */
  readonly id: string;
  readonly fingerprintKey: string;
  secretUses(): readonly SecretUse[];
  causes(): readonly CauseRow[];
  pauses(): readonly Pause[];
  actions(): readonly MovedAction[];
}

/**
 * Makes what waits due here, all at once and only once. What a killed service was handling is as what a killed replica was
 * handling: the first replica that dispatches takes it over. Returns how many rows of work there were.
 */
export async function endMove(client: pg.ClientBase, source: MovedSource) {
  return await atomically(client, async () => {
    const { rowCount } = await client.query(
      `INSERT INTO work (event, handler, state, attempts, due, alone, behind, thing, cause, since, batch, item_at, item_length,
         owner)
       SELECT event, handler, state, attempts, due, alone, behind, thing, cause, since, batch, item_at, item_length, CASE state WHEN 'handling' THEN ${NOBODY} END
       FROM moving_work`,
    );
    await takeFingerprintKey(client, source.fingerprintKey);
    await noteUses(client, source.secretUses());
    await addCauses(client, source.causes());
    for (const pause of source.pauses()) await insertPause(client, pause);
    for (const action of source.actions()) await insertAction(client, action);
    await client.query('INSERT INTO meta VALUES ($1, $2)', [keyOfMoved(source.id), iso(Date.now())]);
    await client.query("DROP TABLE moving_work; DELETE FROM meta WHERE key = 'moving'");
    return rowCount ?? 0;
  });
}

async function insertPause(asked: Asked, { name, since, who, reason }: Pause): Promise<void> {
  const text = 'INSERT INTO pauses (name, since, who, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING';
  await asked.query(text, [name, since, who, reason]);
}

async function insertAction(asked: Asked, action: MovedAction): Promise<void> {
  const { at, who, verb, about, upTo, cursor, state, found, changed, skipped, failed, remark, endedAt } =
    action;
  await asked.query(
    `INSERT INTO actions (at, who, verb, about, up_to, cursor, state, found, changed, skipped, failed, remark, ended_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [at, who, verb, about, upTo, cursor, state, found, changed, skipped, failed, remark, endedAt],
  );
}
