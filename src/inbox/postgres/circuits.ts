/**
 * The circuit breakers of targets, shared by all replicas: a row of `rests` for each target that is not closed and well. The
 * rules are those of ../circuit.ts; a target that was well costs nothing here.
 *
 * What an attempt's end changes is put in force here at once, and then in the table, whose state is right where the two
 * differ. Who wants to try a target after its rest claims the trial in its row, so that only one replica does.
 */
import type pg from 'pg';
import { type Circuit, type CircuitKnobs, CLOSED, circuitAfter, type UnavailableTarget } from '../circuit.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Trial } from '../target.ts';
import type { CircuitChange } from '../targets.ts';
import { textList } from './binary-array.ts';
import { type Asked, inTransaction, NOW_MS } from './connection.ts';
import type { Lease } from './lease.ts';
import type { Notifier } from './notifier.ts';
import type { Tell } from './replica-event.ts';

/** Whoever changes a circuit holds this lock. */
const CIRCUITS_LOCK = 0x4373_6762;
/** Milliseconds are rounded. */
const ROUNDED_MS = 10;

interface CircuitsOptions {
  readonly pool: pg.Pool;
  readonly lease: Lease;
  readonly scheduler: Scheduler;
  readonly notifier: Notifier;
  readonly knobs: CircuitKnobs;
  readonly tell: Tell;
}

/** Times are relative: no clock is compared with another one's. */
interface CircuitRow {
  readonly target: string;
  readonly failures: number;
  readonly openings: number;
  readonly restMs: number;
  /** The replica that tries it, if it lives. */
  readonly trial: number | null;
}

export class Circuits {
  readonly #options: CircuitsOptions;
  /** What the table has not been told. */
  #ends: { handler: string; target: string; unavailable: UnavailableTarget | undefined }[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CircuitsOptions) {
    this.#options = options;
  }

  noteEnd(handler: string, unavailable: UnavailableTarget | undefined): void {
    const { scheduler, knobs } = this.#options;
    if (!scheduler.targets.of(handler).noteEnd(unavailable, Date.now(), knobs)) return;
    this.#ends.push({ handler, target: scheduler.targets.nameOf(handler), unavailable });
    this.#oneByOne(() => this.#write()).catch((error) => this.#options.tell({ kind: 'error', error }));
  }

  /** Puts in force what the replicas know, and gives up trials of which nothing has come. Rejects if the database does. */
  refresh(): Promise<void> {
    return this.#oneByOne(async () => {
      await this.#write();
      const { pool, lease, scheduler } = this.#options;
      const rows = new Map((await readRows(pool)).map((row) => [row.target, row]));
      const idle = new Set<string>();
      for (const { target, trial } of rows.values()) {
        if (trial !== null && trial === lease.id && scheduler.targets.named(target).out === 0)
          idle.add(target);
      }
      if (idle.size > 0) {
        const text = 'UPDATE rests SET trial = NULL WHERE target = ANY ($1::text[]) AND trial = $2';
        await pool.query(text, [textList([...idle]), lease.id]);
      }
      const known = scheduler.targets.all().map(([name]) => name);
      for (const name of new Set([...known, ...rows.keys()])) {
        const row = rows.get(name);
        const isFree = row === undefined || row.trial === null || idle.has(name);
        this.#share(name, circuitOf(row), isFree ? 'free' : row.trial === lease.id ? 'ours' : 'taken');
      }
    });
  }

  /** Claims the trial of a target whose rest is over, if one of these handlers has something that is due. */
  startTrial(target: string, handlers: readonly string[], owner: number): Promise<boolean> {
    return this.#oneByOne(async () => {
      const { pool, scheduler } = this.#options;
      const { rowCount } = await pool.query({
        name: 'trial',
        text: `UPDATE rests SET trial = $3 WHERE target = $1 AND until <= ${NOW_MS} + ${ROUNDED_MS}
            AND (trial IS NULL OR trial NOT IN (SELECT id FROM replicas))
            AND EXISTS (SELECT FROM unnest($2::text[]) AS wired (name) JOIN work ON handler = name
              WHERE state = 'pending' AND NOT alone AND NOT behind AND due <= ${NOW_MS})`,
        values: [target, textList(handlers), owner],
      });
      const isGranted = rowCount === 1;
      if (isGranted) scheduler.targets.named(target).trial = 'ours';
      return isGranted;
    });
  }

  /** What one of them answers must not be put in force after what a later one does. */
  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  async #write(): Promise<void> {
    const ends = this.#ends;
    if (ends.length === 0) return;
    this.#ends = [];
    const { pool, knobs, lease, notifier, tell } = this.#options;
    const names = [...new Set(ends.map(({ target }) => target))];
    const changes: CircuitChange[] = [];
    const circuits = await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [CIRCUITS_LOCK]);
      const rows = await readRows(client);
      const circuits = new Map(
        names.map((name) => [name, circuitOf(rows.find((row) => row.target === name))]),
      );
      for (const { handler, target, unavailable } of ends) {
        const before = circuits.get(target) as Circuit;
        const after = circuitAfter(before, unavailable, 0, knobs);
        circuits.set(target, after);
        if ((before.openings === 0) !== (after.openings === 0)) {
          changes.push({ handler, restMs: Math.max(0, after.restsUntil) });
        }
      }
      for (const [name, circuit] of circuits) await writeCircuit(client, name, circuit);
      return circuits;
    }).catch((error) => {
      this.#ends.unshift(...ends);
      throw error;
    });
    for (const [name, circuit] of circuits) this.#share(name, circuit, 'free');
    for (const change of changes) tell({ kind: 'circuit', ...change });
    if (lease.members.length > 1) notifier.notify('circuits');
  }

  /** Not if the table does not know everything that is known here. */
  #share(name: string, circuit: Circuit, trial: Trial): void {
    if (this.#ends.some(({ target }) => target === name)) return;
    const restsUntil = Date.now() + circuit.restsUntil;
    this.#options.scheduler.targets.named(name).share({ ...circuit, restsUntil }, trial);
  }
}

/** With a rest that counts from now. */
function circuitOf(row: CircuitRow | undefined): Circuit {
  return row ? { failures: row.failures, openings: row.openings, restsUntil: row.restMs } : CLOSED;
}

async function readRows(asked: Asked): Promise<readonly CircuitRow[]> {
  const { rows } = await asked.query<CircuitRow>({
    name: 'circuits',
    text: `SELECT target, failures, openings, until - ${NOW_MS} AS "restMs",
      (SELECT id FROM replicas WHERE id = trial) AS trial FROM rests`,
  });
  return rows;
}

async function writeCircuit(asked: Asked, target: string, circuit: Circuit): Promise<void> {
  if (circuit === CLOSED) {
    await asked.query('DELETE FROM rests WHERE target = $1', [target]);
    return;
  }
  const text = `INSERT INTO rests (target, until, failures, openings) VALUES ($1, ${NOW_MS} + $2::bigint, $3, $4)
    ON CONFLICT (target) DO UPDATE SET until = excluded.until, failures = excluded.failures,
      openings = excluded.openings, trial = NULL`;
  const restMs = Math.max(0, Math.round(circuit.restsUntil));
  await asked.query({ name: 'circuit', text, values: [target, restMs, circuit.failures, circuit.openings] });
}
