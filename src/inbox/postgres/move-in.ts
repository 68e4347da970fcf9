/**
 * The beginning and the end of moving an inbox in. For ../move.ts; what comes between is in import.ts.
 *
 *   begin   nobody is at work; the mark is set (moving.ts), and `moving_work` is made, where what is to do waits
 *   end     in one transaction: what waits is due from now on, and the mark gives way to `moved from …`
 *
 * Refused: replicas that live (a beat that stands still for a lease is a death), another inbox on its way in, one that has
 * moved in before: what comes under its name again is an older copy, and would bring back what was done since.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { ConfigError } from '../../base/errors.ts';
import type { SecretUse } from '../contract.ts';
import { atomically } from './connection.ts';
import { ENTRY_LOCK } from './lease.ts';
import { keyOfMoved, type Moving, movedInAt, movingIn, movingProblem } from './moving.ts';
import { noteUses } from './status.ts';

/** Whoever moves an inbox in holds this lock; so does what a killed command has left under way in the database. */
const MOVE_LOCK = 0x4373_676d;
const LOCK_MS = 5_000;
const LOOK_MS = 500;
const WORK_COLUMNS = 'event, handler, state, attempts, due, alone, behind, owner, thing';

/** On this connection alone, until it ends. Throws if somebody else has it. */
export async function takeMoveLock(client: pg.ClientBase): Promise<void> {
  await client.query(`SET lock_timeout = ${LOCK_MS}`);
  await client.query('SELECT pg_advisory_lock($1)', [MOVE_LOCK]).catch((error: { code?: string }) => {
    throw error.code === '55P03' ? new Error('another move into this database is under way') : error;
  });
  // A large inbox takes its time, whatever is usual for this role.
  await client.query('SET lock_timeout = 0; SET statement_timeout = 0');
}

/** Nobody works here from now on. Throws ConfigError if somebody does. Again: what was put aside is thrown away. */
export async function beginMove(
  client: pg.ClientBase,
  place: string,
  moving: Moving,
  leaseMs: number,
  tell: (line: string) => void,
): Promise<void> {
  const refuse = (wrong: string, fix: string) =>
    new ConfigError([{ setting: 'DATABASE_URL', wrong: `names PostgreSQL at ${place}, ${wrong}`, fix }]);
  const dead = await untilStill(client, leaseMs, tell);
  await atomically(client, async () => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [ENTRY_LOCK]);
    for (const { id, beat } of dead) {
      await client.query('DELETE FROM replicas WHERE id = $1 AND beat = $2', [id, beat]);
    }
    const { rows } = await client.query<{ name: string }>('SELECT name FROM replicas ORDER BY id');
    if (rows.length > 0) {
      const names = rows.map(({ name }) => name).join(', ');
      throw refuse(`where Consignee is at work (${names})`, 'Stop it until the move is over.');
    }
    const other = await movingIn(client);
    if (other && other.inbox !== moving.inbox) throw new ConfigError([movingProblem(place, other)]);
    const before = await movedInAt(client, moving.inbox);
    if (before !== undefined) {
      const fix = 'It is an older copy, or went on by itself: give it a database of its own.';
      throw refuse(`where ${moving.from} has moved already, at ${before}`, fix);
    }
    await client.query("INSERT INTO meta VALUES ('moving', $1) ON CONFLICT DO NOTHING", [
      JSON.stringify(moving),
    ]);
    await client.query('DROP TABLE IF EXISTS moving_work');
    await client.query('CREATE TABLE moving_work (LIKE work, PRIMARY KEY (event, handler))');
  });
}

/** As if it had not begun: what was copied has no work and is nobody's. Never after the other inbox was marked. */
export async function cancelMove(client: pg.ClientBase): Promise<void> {
  await client.query("DROP TABLE IF EXISTS moving_work; DELETE FROM meta WHERE key = 'moving'");
}

/** Replicas whose beat has stood still for a lease; as soon as one beats, all that is known is that there is life. */
async function untilStill(client: pg.ClientBase, leaseMs: number, tell: (line: string) => void) {
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

/** What was older than a state that the other inbox knew is not told any more. */
const OVERTAKEN = `WITH gone AS (
    DELETE FROM work USING newest
    WHERE work.handler = newest.handler AND work.thing = newest.thing AND work.event <> newest.event
      AND work.state <> 'handling'
    RETURNING work.event, work.handler, work.attempts, newest.event AS by
  )
  INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
  SELECT event, handler, $1, attempts, 0, 'discarded',
    'overtaken: evt_' || lpad(to_hex(by), 14, '0') || ' has a newer state'
  FROM gone ON CONFLICT DO NOTHING`;

/** All at once, and only once: it is due here from now on. Answers with how many rows of work there were. */
export async function endMove(client: pg.ClientBase, inbox: string, uses: readonly SecretUse[]) {
  return await atomically(client, async () => {
    const { rowCount } = await client.query(
      `INSERT INTO work (${WORK_COLUMNS}) SELECT ${WORK_COLUMNS} FROM moving_work ON CONFLICT DO NOTHING`,
    );
    await client.query(OVERTAKEN, [Date.now()]);
    await noteUses(client, uses);
    await client.query('INSERT INTO meta VALUES ($1, $2)', [keyOfMoved(inbox), new Date().toISOString()]);
    await client.query("DROP TABLE moving_work; DELETE FROM meta WHERE key = 'moving'");
    return rowCount ?? 0;
  });
}
