/**
 * What a server must be for an answered event to be safe there. Asked at boot, by schema.ts, and again of every connection
 * that the inbox opens, by connection.ts: a server may be changed, or another one may have taken its place.
 *
 * Refused: a server that would forget what it has confirmed, one that cannot be written to, one that is too old or no
 * PostgreSQL, another encoding.
 */
import type { Problem } from '../../base/errors.ts';

export type Fault = Pick<Problem, 'wrong' | 'fix'>;

/** A setting is null on a server that does not know it. */
export interface Facts {
  readonly number: number | null;
  readonly version: string | null;
  readonly engine: string;
  readonly standby: boolean;
  readonly readOnly: string | null;
  readonly fsync: string | null;
  readonly synchronousCommit: string | null;
  readonly fullPageWrites: string | null;
  readonly encoding: string | null;
}

/** Tests run on 15 and 18. */
const OLDEST_VERSION = 150_000;
const FACTS = `current_setting('server_version_num', true)::int AS number,
  current_setting('server_version', true) AS version, version() AS engine,
  pg_is_in_recovery() AS standby, current_setting('transaction_read_only', true) AS "readOnly",
  current_setting('fsync', true) AS fsync, current_setting('full_page_writes', true) AS "fullPageWrites",
  current_setting('server_encoding', true) AS encoding`;

/** `synchronous_commit` as server, database, role and URL have it for a new session. */
export const SERVER_FACTS = `SELECT ${FACTS},
  (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS "synchronousCommit"`;

/**
 * Switches `synchronous_commit` on for this session if it is off, and pins it: what a session has set itself stays, whatever
 * the server, the database or the role is set to later. Answers with what the session has now.
 */
export const DURABLE_COMMITS = `set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false) AS "synchronousCommit"`;

/** A session that is durable from here on, and what else counts. */
export const DURABLE_SESSION = `SELECT ${DURABLE_COMMITS}, ${FACTS}`;

/** What keeps events from being kept there; undefined if nothing does. */
export function faultOf(facts: Facts): Fault | undefined {
  const { number, version, standby, readOnly, encoding } = facts;
  if (number === null || facts.fsync === null || facts.synchronousCommit === null) {
    return {
      wrong: `which is not PostgreSQL: it calls itself ${facts.engine}`,
      fix: 'Use PostgreSQL 15 or later.',
    };
  }
  if (number < OLDEST_VERSION) {
    return { wrong: `which is version ${version}`, fix: 'Use PostgreSQL 15 or later.' };
  }
  if (standby) {
    const fix = 'Name the primary, or an address that follows it.';
    return { wrong: 'which is a standby: it cannot be written to', fix };
  }
  if (readOnly === 'on') {
    const wrong = 'where transactions are read-only: events cannot be kept';
    return {
      wrong,
      fix: 'Set default_transaction_read_only = off for the server, the database or the role.',
    };
  }
  if (facts.fsync === 'off') return forgets('fsync');
  if (facts.synchronousCommit === 'off') return forgets('synchronous_commit');
  if (encoding === 'UTF8') return undefined;
  return { wrong: `whose encoding is ${encoding}`, fix: 'Create the database with ENCODING UTF8.' };
}

export function forgets(setting: string): Fault {
  const wrong = `which has ${setting} off: an event that was answered could be lost`;
  return { wrong, fix: `Set ${setting} = on for the server, the database or the role.` };
}

/** Throws what there is to say of a server that is not fit. */
export function refuseUnfit(facts: Facts | undefined): void {
  const fault = facts && faultOf(facts);
  if (fault) throw new Error(reasonOf(fault));
}

export function reasonOf({ wrong, fix }: Fault): string {
  return `it is a database ${wrong}. ${fix}`;
}

/** Things that work, but not as well as they could. */
export function warningsOf({ fullPageWrites }: Facts): string[] {
  if (fullPageWrites !== 'off') return [];
  return ['full_page_writes is off: a power cut may tear pages, unless the file system cannot'];
}

const FIXES: readonly (readonly [code: RegExp, fix: string])[] = [
  [
    /^42501$/,
    'Let the role create tables there and write to them: it should own the database or the schema.',
  ],
  [/^25006$/, 'Name the primary, and let the role write: default_transaction_read_only must be off.'],
  [
    /^(55P03|57014|40P01)$/,
    'Something holds its tables: pg_stat_activity says who. Start again when that is over.',
  ],
  [/^53/, 'The server lacks room or connections: give it some, and start again.'],
  // What is not known there, or not supported.
  [
    /^(42|0A)/,
    'Use PostgreSQL 15 or later itself: others that speak its protocol need not do all that it does.',
  ],
];

/** What an operator can do about what the server has answered while the service starts. */
export function fixOf({ code = '' }: Error & { code?: string }): string {
  const fix = 'Check that it runs, and the host, port, user, password and database of the URL.';
  return FIXES.find(([codes]) => codes.test(code))?.[1] ?? fix;
}
