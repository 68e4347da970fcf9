/**
 * What Consignee needs of a database to keep its inbox there: one object for each database, made here from where the inbox is.
 * The only file outside a driver's folder that knows which drivers there are; nobody else asks for the kind of a database.
 *
 * A driver loads what is heavy only when it is used.
 */
import type { Problem } from '../base/errors.ts';
import type { Database } from './contract.ts';
import type { InboxWriter } from './operator.ts';
import type { Spoken } from './past.ts';
import { postgresDriver } from './postgres/driver.ts';
import { FORM, isPostgresUrl, readPostgresDatabase } from './postgres/url.ts';
import type { InboxReader } from './reader.ts';
import { readSqliteDatabase, sqliteDriver } from './sqlite/driver.ts';
import type { StoredSource } from './stored-source.ts';

export interface Driver {
  /** Where the inbox is, as people are to see it: without a password. */
  readonly place: string;
  /** The inbox's own file on this machine; undefined if it is kept by a server. */
  readonly file: string | undefined;
  /** Whether several processes may work on it at once. */
  readonly isShared: boolean;
  readonly thread: {
    readonly module: URL;
    /** So long must an arrival be late, and nothing be heard of the thread, for the service not to be ready. */
    readonly unreadyMs: number;
  };
  /** Looks whether a service may start there, and changes nothing. Thorough: as `check` wants to know it. */
  examine(thoroughness: 'start' | 'thorough'): Promise<Inspection>;
  /** Undefined if there is no inbox yet. */
  openReader(): Promise<InboxReader | undefined>;
  /** For what a person orders. Undefined if a service runs that has to be asked to. */
  openWriter(sources: ReadonlyMap<string, StoredSource>): Promise<InboxWriter | undefined>;
  /** Copies what can be read of a damaged inbox into a new one. Left out where a server keeps the inbox. */
  readonly rescue?: (
    from: RescueSource,
    to: string,
    sources: ReadonlyMap<string, StoredSource>,
  ) => Promise<Rescued>;
  /** Writes the inbox anew without what is unused in it, there or at `to`. Left out where a server keeps the inbox. */
  readonly compact?: (to: string | undefined) => Compacted;
  /** When sources spoke, newest hours first. Rejects if the inbox cannot be read, or when the signal says so. */
  readPast(from: number, until: number, signal: AbortSignal): Promise<Spoken[]>;
}

/** The inbox itself, which no service may have open, or a copy that the service made. */
export type RescueSource = 'inbox' | { readonly copy: string };

/** In bytes. */
export interface Compacted {
  readonly before: number;
  readonly unused: number;
  readonly after: number;
}

/** What is in the new inbox. */
export interface Rescued {
  readonly events: number;
  /** The numbers of events that are known to have been there, and could not be read. */
  readonly missing: readonly number[];
  /** So many are held, since nobody knows whether they were handled. */
  readonly held: number;
  readonly unreadablePages: number;
}

export interface Inspection {
  readonly problem?: Problem | undefined;
  readonly remarks: readonly Remark[];
}

export interface Remark {
  readonly subject: string;
  readonly isWell: boolean;
  readonly says: string;
}

/** What DATABASE_URL says. `database` is of no use if something is wrong. */
export interface DatabaseReading {
  readonly database: Database;
  readonly mistakes: readonly DatabaseMistake[];
  /** The password in it, if it has one. */
  readonly password?: string;
  /** Whether events would cross a network in the open. */
  readonly isInTheOpen: boolean;
}

/** Never shows what was written: there may be a password in it. */
export type DatabaseMistake = Omit<Problem, 'setting'>;

export function driverOf(database: Database): Driver {
  switch (database.kind) {
    case 'sqlite':
      return sqliteDriver(database.path);
    case 'postgres':
      return postgresDriver(database.url, database.place);
  }
}

export function readDatabase(written: string): DatabaseReading {
  if (isPostgresUrl(written)) return readPostgresDatabase(written);
  const reading = readSqliteDatabase(written);
  if (written.startsWith('sqlite:')) return reading;
  return {
    ...reading,
    mistakes: reading.mistakes.map(({ wrong, fix }) => ({ wrong: `${wrong} or ${FORM}`, fix })),
  };
}

/** Undefined unless it is the one way there is. */
export function wayToMove(from: Database, to: Database) {
  return from.kind === 'sqlite' && to.kind === 'postgres' ? { from, to } : undefined;
}

export type WayToMove = NonNullable<ReturnType<typeof wayToMove>>;
