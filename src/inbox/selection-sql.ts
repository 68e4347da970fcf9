/**
 * A selection in SQL, for both databases: what must be true of an event (a row of `inbox`), of a row of `work`, and of the
 * attempt that ended a delivery. selection-steps.ts goes through what is selected. Parameters stand as $1, $2, … in the text.
 */
import { firstNumberAt } from './event-id.ts';
import { EVENT_STATE_NAMES, isOpen, type StateName, statesInSql } from './event-states.ts';
import { externalIdentityOf } from './identity.ts';
import { searchKeyOf } from './search-keys.ts';
import type { Selection } from './selection.ts';

export type SqlValue = string | number;

/** What each database says in SQL of its own. */
export interface SelectionTables {
  /** The table in which an event's key and digest stand, which it may outlive. */
  readonly keys: 'inbox' | 'keys';
  /** Whether a column has one of the values that a subquery finds, which is run first: by the column's index. */
  isAmong(column: string, subquery: string): string;
  /** A subquery: the numbers in a JSON list. */
  numbersIn(parameter: string): string;
  /** A subquery: the bytes in a JSON list of hexadecimal digits. */
  bytesIn(parameter: string): string;
  /** Whether a text fits a pattern in which `*` stands for any run of characters. */
  fits(column: string, pattern: string, parameter: (value: SqlValue) => string): string;
  /** Whether a text stands in the body as it came. */
  hasText(parameter: string): string;
  /** What is true of a row of `work` that waits for its time alone, as the index of what is due has it. */
  readonly waitsForItsTime: string;
  /** Whether a member of the body has this text; the path is a JSON list. */
  memberIs(path: string, value: string): string;
}

export interface SelectionContext {
  readonly tables: SelectionTables;
  /** The sources that there are, for a provider's id without a source. */
  readonly sources: readonly string[];
  /** Events with the search key that is asked for, and that are not indexed yet. */
  readonly fresh?: readonly number[];
}

export type Parameter = (value: SqlValue) => string;

export const ENDS_IN_SQL = statesInSql('end');

const HELD_LOOKS = 10_000;

/** What must be true of a row of `inbox`, whatever handlers have to do with it. */
export function eventConditionsOf(
  selection: Selection,
  { tables, sources, fresh = [] }: SelectionContext,
  parameter: Parameter,
): string[] {
  const { numbers, source, type, since, until, externalId, key, where = [], search } = selection;
  const { isAmong } = tables;
  const conditions: string[] = [];
  if (numbers) conditions.push(isAmong('inbox.number', tables.numbersIn(parameter(JSON.stringify(numbers)))));
  if (source !== undefined) conditions.push(`inbox.source = ${parameter(source)}`);
  if (type?.includes('*')) conditions.push(tables.fits('inbox.type', type, parameter));
  else if (type !== undefined) conditions.push(`inbox.type = ${parameter(type)}`);
  if (since !== undefined) conditions.push(`inbox.number >= ${parameter(firstNumberAt(since))}`);
  if (until !== undefined) conditions.push(`inbox.number < ${parameter(firstNumberAt(until))}`);
  if (externalId !== undefined) {
    const named = source === undefined ? sources : [source];
    const identities = named.map((one) => externalIdentityOf(one, externalId).toString('hex'));
    const isKnown = isAmong('identity', tables.bytesIn(parameter(JSON.stringify(identities))));
    const known = `SELECT number FROM ${tables.keys} AS known WHERE ${isKnown}`;
    // Another body under an id that was taken is held, and has a key of its own. Looked for among the newest ones.
    const beside = `SELECT event FROM (
      SELECT event FROM work WHERE state = 'held' ORDER BY event DESC LIMIT ${HELD_LOOKS}) AS held_ones`;
    conditions.push(isAmong('inbox.number', `${known} UNION ${beside}`));
    conditions.push(`inbox.external_id = ${parameter(externalId)}`);
  }
  if (key !== undefined) {
    const days = isAmong('day', 'SELECT day FROM search_days');
    const indexed = `SELECT event FROM search_keys WHERE ${days} AND key = ${parameter(searchKeyOf(key))}`;
    const others = fresh.length === 0 ? '' : ` UNION ${tables.numbersIn(parameter(JSON.stringify(fresh)))}`;
    conditions.push(isAmong('inbox.number', `${indexed}${others}`));
  }
  for (const { path, value } of where) {
    conditions.push(tables.memberIs(parameter(JSON.stringify(path)), parameter(value)));
  }
  if (search !== undefined) conditions.push(tables.hasText(parameter(search)));
  return conditions;
}

/** In the text itself, since by that a partial index is known. */
function literalOf(state: StateName): string {
  if (!EVENT_STATE_NAMES.includes(state)) throw new RangeError(`there is no state ${state}`);
  return `'${state}'`;
}

/** What must be true of a row of `work`. For an open state, a cause, or what is held. */
export function workConditionsOf(
  { state, handler, cause, heldOnly }: Selection,
  parameter: Parameter,
): string[] {
  const conditions: string[] = [];
  const wanted = heldOnly ? 'held' : state;
  if (wanted !== undefined) conditions.push(`work.state = ${literalOf(wanted)}`);
  if (handler !== undefined) conditions.push(`work.handler = ${parameter(handler)}`);
  if (cause !== undefined) conditions.push(`work.cause = ${parameter(cause)}`);
  return conditions;
}

/** What must be true of a row of `attempts` that ended the work, of which no row is left. */
export function endConditionsOf({ state, handler }: Selection, parameter: Parameter): string[] {
  const ofThis = (table: string) => `${table}.event = ended.event AND ${table}.handler = ended.handler`;
  return [
    // As they stand, SQLite would make an index of all attempts by them, each time.
    ...(state === undefined ? [] : [`ended.outcome || '' = ${literalOf(state)}`]),
    ...(handler === undefined ? [] : [`ended.handler || '' = ${parameter(handler)}`]),
    `NOT EXISTS (SELECT 1 FROM work WHERE ${ofThis('work')})`,
    `NOT EXISTS (SELECT 1 FROM attempts AS later WHERE ${ofThis('later')} AND later.outcome IN (${ENDS_IN_SQL})
       AND (later.started_at, later.attempt) > (ended.started_at, ended.attempt))`,
  ];
}

/** Whether it is about rows of `work`. */
export function isOpenWork({ state, cause, heldOnly }: Selection): boolean {
  return cause !== undefined || heldOnly === true || isOpen(state);
}
