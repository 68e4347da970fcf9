/**
 * The steps in which a verb goes through what is selected, so that no statement ever reads more than a bounded number of rows,
 * however rare it is. In SQL for both databases: reader.ts runs it for what is shown, and whatever carries an action out runs it
 * in its own transaction.
 *
 *   numberRangeOf       the numbers among which it can be at all
 *   boundaryOf    how far one step comes
 *   deliveriesIn  what is selected up to there
 */
import { firstNumberAt, inBatchSql } from './event-id.ts';
import type { StateName } from './event-states.ts';
import { ITEMS_SPAN } from './items.ts';
import type { Selection } from './selection.ts';
import {
  ENDS_IN_SQL,
  endConditionsOf,
  eventConditionsOf,
  isOpenWork,
  type Parameter,
  type SelectionContext,
  type SqlValue,
  workConditionsOf,
} from './selection-sql.ts';

/** A text with its parameters. */
export interface SqlText {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Where a selection says nothing of deliveries, `handler` and `state` are null, and all handlers of the event are meant. */
export interface SelectedDelivery {
  /** The number of an event, or of an item. */
  readonly event: number;
  /** The number of the event in any case. */
  readonly whole: number;
  readonly handler: string | null;
  readonly state: StateName | null;
}

/** Numbers of events and items: beyond `after`, up to `upTo`. */
export interface NumberRange {
  readonly after: number;
  readonly upTo: number;
  /** Only events up to this number; their items have higher ones. */
  readonly wholesUpTo?: number;
}

/** What of a range a selection may be in, by the times that it names. */
export function numberRangeOf(selection: Selection, { after, upTo }: NumberRange): NumberRange {
  const { since, until } = selection;
  const from = since === undefined ? after : Math.max(after, firstNumberAt(since) - 1);
  const last = until === undefined ? upTo : Math.min(upTo, firstNumberAt(until) - 1);
  if (!walksWork(selection)) return { after: from, upTo: last };
  return { after: from, upTo: Math.min(last + ITEMS_SPAN, Number.MAX_SAFE_INTEGER), wholesUpTo: last };
}

/** Whether rows of `work` are gone through one by one: no index names the events. */
export function walksWork(selection: Selection): boolean {
  return isOpenWork(selection) && Object.keys(indexedPartOf(selection)).length === 0;
}

/** The column by which it is gone through, and what must be true of it. */
function rangeConditions(selection: Selection, range: NumberRange, parameter: Parameter): string[] {
  const number = walksWork(selection) ? 'work.event' : 'inbox.number';
  const conditions = [`${number} > ${parameter(range.after)}`, `${number} <= ${parameter(range.upTo)}`];
  if (range.wholesUpTo !== undefined)
    conditions.push(`coalesce(work.batch, work.event) <= ${parameter(range.wholesUpTo)}`);
  return conditions;
}

/**
 * Where a step ends that looks at so many rows of a range, from its beginning (`ASC`) or from its end: `last` is the number of
 * the event that it looks at last (null if there is none any more), `looked` how many rows that are.
 */
export function boundaryOf(
  selection: Selection,
  context: SelectionContext,
  range: NumberRange,
  looks: number,
  order: 'ASC' | 'DESC',
): SqlText {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const { table, number, own } = driverOfSteps(selection, context, parameter);
  const conditions = [...own, ...rangeConditions(selection, range, parameter)];
  const sql = `SELECT ${order === 'ASC' ? 'max' : 'min'}(number) AS last, count(*) AS looked FROM (
    SELECT ${number} AS number FROM ${table} WHERE ${conditions.join(' AND ')}
    ORDER BY ${number} ${order} LIMIT ${parameter(looks)}) AS step`;
  return { sql, values };
}

/** The table that is gone through: what an index names, or the open work in that state, or all events. */
function driverOfSteps(selection: Selection, context: SelectionContext, parameter: Parameter) {
  if (walksWork(selection)) {
    return { table: 'work', number: 'work.event', own: workConditionsOf(selection, parameter) };
  }
  const named = eventConditionsOf(indexedPartOf(selection), context, parameter);
  return { table: 'inbox', number: 'inbox.number', own: named };
}

/** The part of a selection that an index answers by itself. */
function indexedPartOf({ numbers, externalId, source, key }: Selection): Selection {
  return {
    ...(numbers && { numbers }),
    ...(externalId !== undefined && { externalId, ...(source !== undefined && { source }) }),
    ...(key !== undefined && { key }),
  };
}

/**
 * The deliveries of a range, as rows of SelectedDelivery, in the order of their events. With a handler and no state also what
 * that handler has done is in it, and not what it has never had.
 */
export function deliveriesIn(selection: Selection, context: SelectionContext, range: NumberRange): SqlText {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const { from, conditions, event, handler, state } = deliveryRows(selection, context, parameter);
  conditions.push(...rangeConditions(selection, range, parameter));
  // Nothing can be done any more with what is purged.
  conditions.push('inbox.body IS NOT NULL');
  const sql = `SELECT ${event} AS event, ${handler} AS handler, ${state} AS state, inbox.number AS whole FROM ${from}
    WHERE ${conditions.join(' AND ')} ORDER BY 1, 2`;
  return { sql, values };
}

/** The numbers of the events of a range, each once, from its beginning or from its end. */
export function eventsIn(
  selection: Selection,
  context: SelectionContext,
  range: NumberRange,
  limit: number,
  order: 'ASC' | 'DESC',
): SqlText {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const { from, conditions } = deliveryRows(selection, context, parameter);
  conditions.push(...rangeConditions(selection, range, parameter));
  const sql = `SELECT DISTINCT inbox.number AS number FROM ${from}
    WHERE ${conditions.join(' AND ')} ORDER BY 1 ${order} LIMIT ${parameter(limit)}`;
  return { sql, values };
}

const LAST = '(SELECT batches.last FROM batches WHERE batches.event = inbox.number)';
const isOfEvent = (column: string) => inBatchSql(column, 'inbox.number', LAST);

function deliveryRows(selection: Selection, context: SelectionContext, parameter: Parameter) {
  const conditions = eventConditionsOf(selection, context, parameter);
  if (isOpenWork(selection)) {
    conditions.push(...workConditionsOf(selection, parameter));
    const from = 'work JOIN inbox ON inbox.number = coalesce(work.batch, work.event)';
    return { from, conditions, event: 'work.event', handler: 'work.handler', state: 'work.state' };
  }
  if (selection.state !== undefined) {
    conditions.push(...endConditionsOf(selection, parameter));
    const from = 'inbox CROSS JOIN attempts AS ended';
    conditions.push(isOfEvent('ended.event'));
    return { from, conditions, event: 'ended.event', handler: 'ended.handler', state: 'ended.outcome' };
  }
  const event = 'inbox.number';
  if (selection.handler === undefined)
    return { from: 'inbox', conditions, event, handler: 'NULL', state: 'NULL' };
  const handler = `CAST(${parameter(selection.handler)} AS text)`;
  // All items of a batch together are one delivery here: in the first of their states.
  const state = `coalesce(work.state, (SELECT min(item.state) FROM work AS item 
    WHERE ${isOfEvent('item.event')} AND item.handler = ${handler}), (SELECT outcome FROM attempts AS last
    WHERE ${isOfEvent('last.event')} AND last.handler = ${handler} AND last.outcome IN (${ENDS_IN_SQL})
    ORDER BY started_at DESC, attempt DESC LIMIT 1))`;
  conditions.push(`${state} IS NOT NULL`);
  const from = `inbox LEFT JOIN work ON work.event = inbox.number AND work.handler = ${handler}`;
  return { from, conditions, event, handler, state };
}
