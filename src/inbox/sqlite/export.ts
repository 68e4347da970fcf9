/**
 * An SQLite inbox that is about to move: locked against every service, examined, read from its first event to its last, and
 * marked once it is somewhere else. For ../move.ts. Refuses what is not there, in use or not sound, and changes nothing
 * but to bring the tables up to this release, until it is marked. Alarms stay behind: they are about what runs beside this file,
 * and what is still wrong is found again.
 */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../base/errors.ts';
import type { CauseRow } from '../cause.ts';
import type { SecretUse } from '../contract.ts';
import type { DuplicateCount } from '../counts.ts';
import type {
  Mark,
  MovedAction,
  MovedAttempt,
  MovedBatch,
  MovedEvent,
  MovedList,
  MovedWork,
} from '../move-rows.ts';
import type { EventState } from '../newest.ts';
import type { Pause } from '../pauses.ts';
import { numberFrom, transact } from '../sqlite-file.ts';
import type { TallyRow } from '../tallies.ts';
import {
  ACTIONS_MOVED,
  ATTEMPTS_MOVED,
  bufferOf,
  CAUSES_MOVED,
  EVENTS_MOVED,
  type FileRow,
  LISTS_MOVED,
  MARKS_MOVED,
  movedEvent,
  movedWork,
  NEWEST_MOVED,
  USES_MOVED,
  WORK_MOVED,
} from './file-rows.ts';
import { examineFile, fileProblem, type Moved, movedTo, openFile, takeOwnership } from './files.ts';
import { fingerprintKeyOf } from './fingerprint-key.ts';
import { talliesIn } from './tallies.ts';

const BATCH_EVENTS = 500;
const BATCH_BYTES = 8 * 1_048_576;

/** Throws ConfigError. The inbox is locked until `close`. */
export function openSource(path: string): Source {
  const refuse = (wrong: string, fix: string) => new ConfigError([fileProblem(path, wrong, fix)]);
  if (!existsSync(path)) throw refuse('where there is no file', 'Check the path.');
  const problem = examineFile(path);
  if (problem) throw new ConfigError([problem]);
  const owner = takeOwnership(path);
  try {
    return new Source(openFile(path), owner);
  } catch (error) {
    owner.close();
    throw refuse(`which cannot be written to (${(error as Error).message})`, 'Check who may write there.');
  }
}

export class Source {
  readonly #database: DatabaseSync;
  readonly #owner: DatabaseSync;

  constructor(database: DatabaseSync, owner: DatabaseSync) {
    this.#database = database;
    this.#owner = owner;
  }

  /** The inbox's own name. */
  get id(): string {
    return String(this.#database.prepare("SELECT value FROM meta WHERE key = 'inbox'").get()?.value);
  }

  get moved(): Moved | undefined {
    return movedTo(this.#database);
  }

  get events(): number {
    return numberFrom(this.#database, 'SELECT count(*) FROM inbox');
  }

  /** The highest number of an event; 0 if there is none. */
  get newest(): number {
    return numberFrom(this.#database, 'SELECT max(number) FROM inbox');
  }

  /** All events, those that are purged included. */
  *batches(): Generator<MovedBatch> {
    let events: MovedEvent[] = [];
    let bytes = 0;
    for (const row of this.#rows<FileRow<MovedEvent>>(EVENTS_MOVED)) {
      const event = movedEvent(row);
      events.push(event);
      bytes += (event.body?.length ?? 0) + event.headers.length + event.evidence.length;
      if (events.length < BATCH_EVENTS && bytes < BATCH_BYTES) continue;
      yield this.#batchOf(events);
      events = [];
      bytes = 0;
    }
    if (events.length > 0) yield this.#batchOf(events);
  }

  /** The marks of all events, in the same order. */
  *marks(): Generator<{ readonly events: readonly Mark[] }> {
    let events: Mark[] = [];
    for (const { digest, isPurged, ...mark } of this.#rows<FileRow<Mark>>(MARKS_MOVED)) {
      events.push({ ...mark, digest: bufferOf(digest), isPurged: isPurged === 1 });
      if (events.length < BATCH_EVENTS) continue;
      yield { events };
      events = [];
    }
    yield { events };
  }

  get fingerprintKey(): string {
    return fingerprintKeyOf(this.#database);
  }

  secretUses(): SecretUse[] {
    return [...this.#rows<SecretUse>(USES_MOVED)];
  }

  pauses(): Pause[] {
    return [...this.#rows<Pause>('SELECT name, since, who, reason FROM pauses')];
  }

  /** One that is under way goes on in the other place. */
  actions(): MovedAction[] {
    return [...this.#rows<MovedAction>(ACTIONS_MOVED)];
  }

  tallies(): Generator<TallyRow[]> {
    return talliesIn(this.#database);
  }

  duplicates(): DuplicateCount[] {
    return [...this.#rows<DuplicateCount>('SELECT event, count, last_at AS lastAt FROM duplicates')];
  }

  causes(): CauseRow[] {
    return [...this.#rows<CauseRow>(CAUSES_MOVED)];
  }

  /** From now on nobody opens it, and nothing in it is due: an older release does not know the mark. */
  markMoved(moved: Moved): void {
    transact(this.#database, () => {
      this.#database.prepare("INSERT INTO meta (key, value) VALUES ('moved', ?)").run(JSON.stringify(moved));
      this.#database.exec('DELETE FROM work');
    });
  }

  close(): void {
    this.#database.close();
    this.#owner.close();
  }

  #rows<Row>(sql: string, ...values: number[]): Iterable<Row> {
    return this.#database.prepare(sql).iterate(...values) as Iterable<Row>;
  }

  /** Rows that belong to purged events, if there are any, are of no use to anybody. */
  #batchOf(events: readonly MovedEvent[]): MovedBatch {
    const whole = new Set(events.filter(({ body }) => body !== null).map(({ number }) => number));
    const first = events[0]?.number ?? 0;
    const last = events.at(-1)?.number ?? 0;
    const lists = [...this.#rows<MovedList>(LISTS_MOVED, first, last)].filter(({ event }) =>
      whole.has(event),
    );
    const isOfList = (number: number) => lists.some((list) => list.event < number && number <= list.last);
    const all = <T extends { readonly event: number }>(sql: string) => {
      const rows = this.#rows<T>(
        sql,
        first,
        lists.at(-1)?.event === last ? (lists.at(-1)?.last ?? last) : last,
      );
      return [...rows].filter(({ event }) => whole.has(event) || isOfList(event));
    };
    return {
      events,
      lists,
      attempts: all<MovedAttempt>(ATTEMPTS_MOVED),
      work: all<FileRow<MovedWork>>(WORK_MOVED).map(movedWork),
      newest: all<FileRow<EventState>>(NEWEST_MOVED).map(({ thing, ...row }) => ({
        ...row,
        thing: bufferOf(thing),
      })),
    };
  }
}
