/**
 * The tables of an SQLite inbox, and what may happen to them. Lives in the inbox thread, the only writer.
 *
 * The life of an event for one handler (a row of `work`, see the migration):
 *
 *   arrives ──▶ pending ──▶ handling ──▶ done, discarded      the row goes, `attempts` keeps the record
 *      │           ▲           ├───────▶ pending              failed; due later, attempts counted when handed out
 *      ▼           │           └───────▶ dead                 attempts spent; waits for a person
 *     held ────────┴── replay ◀── any end state
 *
 * An arrival goes straight to `handling` when its handler has a free slot: one commit for receipt and hand-out.
 * `commit` is one transaction for all that has come in; if it throws, nothing has happened, in memory either.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { CircuitKnobs } from '../circuit.ts';
import type { Arrival, AttemptKey, InboxStatus, Kept, Route, Settlement } from '../contract.ts';
import type { Counts } from '../counts.ts';
import { timeOfNumber } from '../event-id.ts';
import type { InboxKnobs } from '../messages.ts';
import { handlersPaused, inForce } from '../pauses.ts';
import { type Ending, settleInterrupted } from '../retry.ts';
import { Scheduler } from '../scheduler.ts';
import { declaredKeys } from '../search-keys.ts';
import { transact } from '../sqlite-file.ts';
import { routesOf, type StoredSource } from '../stored-source.ts';
import { Targets } from '../targets.ts';
import { splitNext } from './batches.ts';
import { InboxClock } from './clock.ts';
import { SqliteAlarms } from './kept-alarms.ts';
import { KeyIndex } from './key-index.ts';
import { rowsFrom } from './operator-statements.ts';
import { FilePurge } from './purge.ts';
import { keepArrival } from './receipt.ts';
import { DUE_MAX_MS, type Statements, statementsOf } from './statements.ts';
import { addTallies } from './tallies.ts';
import { StateCounts, type Turn } from './turn.ts';
import { freeUnwired, handOut, settle } from './work.ts';

type Committed = Pick<Turn, 'deliveries' | 'circuitChanges'> & { readonly kept: readonly Kept[] };

export class Store {
  readonly alarms: SqliteAlarms;
  readonly #database: DatabaseSync;
  readonly #sources: ReadonlyMap<string, StoredSource>;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #sql: Statements;
  #scheduler: Scheduler;
  readonly #clock: InboxClock;
  #counts = new StateCounts();
  #last: number;
  readonly #purge: FilePurge;
  readonly #keys: KeyIndex;

  constructor(database: DatabaseSync, sources: ReadonlyMap<string, StoredSource>) {
    this.#database = database;
    this.alarms = new SqliteAlarms(database, (now) => this.believesClock(now));
    this.#sources = sources;
    this.#routes = routesOf(sources);
    this.#sql = statementsOf(database);
    this.#keys = new KeyIndex(database, sources, declaredKeys(sources));
    this.#purge = new FilePurge(database, this.#sql, this.#keys);
    this.#clock = new InboxClock(this.#sql, Date.now());
    this.#last = this.#sql.lastBefore.get(Number.MAX_SAFE_INTEGER)?.number ?? 0;
    freeUnwired(this.#sql, this.#routes);
    this.#sql.clampDue.run(Date.now(), Date.now() + DUE_MAX_MS);
    this.#scheduler = new Scheduler(new Targets(this.#routes));
    this.#scheduler.hasSplits = this.#sql.splitHandlers.get() !== undefined;
    for (const { handler, state, count } of this.#sql.backlog.all()) {
      this.#counts.set(`${handler} ${state}`, count);
      if (state === 'pending') this.#scheduler.expect(handler, 0);
    }
    this.#scheduler.expect(undefined, 0);
    this.#scheduler.pausedHandlers = handlersPaused(this.#sql.pauses.all(), this.#routes);
  }

  /** When `commit` should be called even if nothing comes in, in ms since 1970. */
  nextDue(now: number): number {
    return this.#scheduler.nextDue(now);
  }

  /** Whether some handler waits for a slot while there is something for it. */
  isStarved(now: number): boolean {
    return this.#scheduler.isStarved(now);
  }

  commit(
    arrivals: readonly Arrival[],
    settled: readonly Settlement[],
    grant: ReadonlyMap<string, number>,
    now: number,
    circuit: CircuitKnobs,
  ): Committed {
    return this.turn(now, (turn) => {
      for (const settlement of settled) settle(turn, settlement, circuit);
      for (const [target, slots] of grant) turn.scheduler.targets.named(target).grant(slots);
      handOut(turn);
      const kept = arrivals.map((arrival) => keepArrival(turn, arrival));
      if (turn.scheduler.hasSplits) splitNext(turn);
      return { kept, deliveries: turn.deliveries, circuitChanges: turn.circuitChanges };
    });
  }

  purge(eventsBefore: number, keysBefore: number, now: number): { removed: number; more: boolean } {
    if (!this.believesClock(now)) throw new Error('the clock is in doubt, so nobody knows what is old');
    this.markClock(now);
    return this.#purge.step(eventsBefore, keysBefore, now);
  }

  /** Writes search keys for some of the events that have none yet. Nothing while the clock is in doubt. */
  indexKeys(now: number): 'more' | 'end' {
    return this.#clock.doubtMs(now) === 0 ? this.#keys.step(now) : 'end';
  }

  noteCounts({ uses, tallies, duplicates = [] }: Counts, now: number): void {
    this.turn(now, ({ sql }) => {
      addTallies(sql, tallies);
      for (const { source, scheme, secret, form, count, lastAt } of uses) {
        sql.noteUse.run(source, scheme, secret, form, count, lastAt);
      }
      for (const { event, count, lastAt } of duplicates)
        sql.addDuplicate.run({ $1: event, $2: count, $3: lastAt });
    });
  }

  /** The clock has jumped: what was due in an hour still is. */
  shiftDue(byMs: number, now: number): void {
    this.turn(now, (turn) => {
      turn.sql.shiftDue.run(byMs);
      turn.scheduler.shift(byMs);
    });
  }

  /** A write that changes nothing a reader sees: shows whether the disk takes writes again. */
  probe(now: number): void {
    this.turn(now, (turn) => turn.sql.setMeta.run('probe', String(now)));
  }

  /** For the next start to judge its clock by. Writes now and then only, and nothing while the clock is in doubt. */
  markClock(now: number): void {
    if (this.#clock.isMarkDue(now)) this.turn(now, ({ last }) => this.#clock.mark(last, now));
  }

  /** A provider has signed a time that is ours. */
  believeClock(now: number): void {
    this.#clock.believe(now);
    this.markClock(now);
  }

  believesClock(now: number): boolean {
    return this.#clock.doubtMs(now) === 0;
  }

  status(): InboxStatus {
    const oldest = this.#sql.oldestPending.get();
    const replayed = this.#sql.oldestReplayed.get();
    const waitSince = [oldest && timeOfNumber(oldest.event), replayed?.since].filter(
      (at) => at !== undefined,
    );
    const clockDoubtMs = this.#clock.doubtMs(Date.now());
    return {
      inbox: String(this.#sql.getMeta.get('inbox')?.value),
      backlog: this.#counts.backlog(),
      oldestPendingAt: waitSince.length > 0 ? Math.min(...waitSince) : null,
      ...(clockDoubtMs !== 0 && { clockDoubtMs }),
      ...this.#scheduler.targets.rests(Date.now()),
      paused: inForce(this.#sql.pauses.all(), this.#routes),
    };
  }

  /** What is to be committed of what one thread had; or of all that is in `handling`: then nothing goes out before new slots come. */
  recover(ending: Ending, ofThread: readonly AttemptKey[] | undefined, now: number, knobs: InboxKnobs) {
    if (!ofThread) this.#scheduler.clearSlots();
    const left = ofThread ?? this.#sql.handling.all();
    return settleInterrupted(left, ending, { knobs, routes: this.#routes }, now);
  }

  /** Hands nothing out any more; what is out may still be settled. */
  pause(): void {
    this.#scheduler.pause();
  }

  /** One transaction. If `work` throws, nothing has happened, in memory either. */
  turn<T>(now: number, work: (turn: Turn) => T): T {
    const turn: Turn = {
      sql: this.#sql,
      rows: (text) => rowsFrom(this.#database, text),
      ...{ sources: this.#sources, routes: this.#routes },
      ...{ scheduler: this.#scheduler.copy(), counts: new StateCounts(this.#counts) },
      now,
      last: this.#clock.lastAt(this.#last, now),
      ...{ deliveries: [], circuitChanges: [] },
    };
    const result = transact(this.#database, () => work(turn));
    this.#scheduler = turn.scheduler;
    this.#counts = turn.counts;
    this.#last = turn.last;
    return result;
  }
}
