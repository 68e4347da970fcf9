/**
 * Copies what can be read of a damaged inbox into a new one, row by row. Called by driver.ts, for `consignee events rescue`.
 *
 * The rows are taken from wherever they stand (records.ts), and known by what is in them. An event is taken only if its body
 * has the digest that was recorded when it came. What is missing is known by the numbers that other rows name: the index of
 * keys, work, attempts. An event of which neither work nor an attempt is left, although a handler wants it, is held: nobody
 * knows whether it was handled, so a person has to say. Search keys are left where they are, since the service makes them anew;
 * and alarms, since what is still wrong is found again.
 */
import { hash } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Rescued } from '../driver.ts';
import { inBatchSql } from '../event-id.ts';
import { parseBody } from '../identity.ts';
import { countItems, ITEMS_SPAN } from '../items.ts';
import { type StoredSource, wants } from '../stored-source.ts';
import { createInbox } from './files.ts';
import { Pages } from './pages.ts';
import { rowsOn } from './records.ts';
import { BATCH, EVENT, isBatch, isBytes, looksLike, OTHERS, type RowValues, whole } from './row-kinds.ts';

/** Rows of other tables have small numbers. */
const NUMBER_LEAST = 2 ** 32;
const IN_BATCH = inBatchSql('event', 'number', '(SELECT last FROM batches WHERE batches.event = number)');
const HELD = 'its state was lost when the inbox was damaged';

export function rescueInbox(from: string, to: string, sources: ReadonlyMap<string, StoredSource>): Rescued {
  const pages = new Pages(from);
  const known = new Set<number>();
  let held = 0;
  try {
    createInbox(to, (database) => {
      // The file gets its name, and is synced, once all is in it.
      database.exec('PRAGMA synchronous = OFF; BEGIN');
      fill(database, pages, known);
      held = holdUnknown(database, sources);
      database.exec('COMMIT');
    });
  } finally {
    pages.close();
  }
  const missing = verifyRescued(to, known);
  return { ...missing, held, unreadablePages: pages.unreadable };
}

/** `known` gets the number of every event that anything names. */
function fill(database: DatabaseSync, pages: Pages, known: Set<number>): void {
  const insertEvent = database.prepare(EVENT.insert);
  const insertBatch = database.prepare(BATCH.insert);
  const others = OTHERS.map((kind) => ({ kind, insert: database.prepare(kind.insert) }));
  for (const { number, values = [] } of rowsOn(pages)) {
    if (number !== undefined) {
      if (looksLike(BATCH, values) && isBatch(number, values[1]))
        insertBatch.run(number, values[1] as number);
      if (values.length === 0 ? number < NUMBER_LEAST : !looksLike(EVENT, values)) continue;
      known.add(number);
      if (isWhole(values)) insertEvent.run(number, ...whole(EVENT, values).slice(1));
      continue;
    }
    const [identity, event] = values;
    if (values.length === 2 && isBytes(identity) && typeof event === 'number') known.add(event);
    const found = others.find(({ kind }) => looksLike(kind, values));
    if (!found) continue;
    const { kind, insert } = found;
    if (kind.eventAt !== undefined) known.add(values[kind.eventAt] as number);
    try {
      insert.run(...whole(kind, values));
    } catch {
      // It only looked like a row of this table.
    }
  }
  // What items are left says that there was a batch, and how many of them it had at the least.
  database.exec(`DELETE FROM batches WHERE event NOT IN (SELECT number FROM inbox);
    INSERT INTO batches (event, last) SELECT batch, max(event) FROM work WHERE batch IN (SELECT number FROM inbox) AND batch <> event
      GROUP BY batch ON CONFLICT DO UPDATE SET last = max(last, excluded.last)`);
  for (const table of ['work', 'attempts', 'newest']) {
    database.exec(
      `DELETE FROM ${table} WHERE event NOT IN (SELECT number FROM inbox) AND NOT EXISTS (${batchWithItem(`${table}.event`)})`,
    );
  }
  for (const number of known) if (isItem(database, number)) known.delete(number);
}

const batchWithItem = (item: string) =>
  `SELECT 1 FROM batches WHERE batches.event < ${item} AND batches.event >= ${item} - ${ITEMS_SPAN} AND last >= ${item}`;

function isItem(database: DatabaseSync, number: number): boolean {
  return database.prepare(batchWithItem('?1')).get(number) !== undefined;
}

/** Whether the body is what came. A purged event has none. */
function isWhole(values: RowValues): boolean {
  const [digest, body] = [values[4], values[11]];
  if (!isBytes(digest) || body === undefined) return false;
  return body === null || (Buffer.isBuffer(body) && hash('sha256', body, 'buffer').equals(digest as Buffer));
}

function holdUnknown(database: DatabaseSync, sources: ReadonlyMap<string, StoredSource>): number {
  const unknown = database
    .prepare(
      `SELECT number, source, type FROM inbox WHERE body IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM work WHERE ${IN_BATCH})
        AND NOT EXISTS (SELECT 1 FROM attempts WHERE ${IN_BATCH})`,
    )
    .all();
  const hold = database.prepare('UPDATE inbox SET held = coalesce(held, ?) WHERE number = ?');
  const insert = database.prepare(
    "INSERT INTO work (event, handler, state, attempts, due, alone) VALUES (?, ?, 'held', 0, 0, 0)",
  );
  let held = 0;
  for (const { number, source, type } of unknown) {
    const routes = sources.get(String(source))?.routes ?? [];
    const wanting = routes.filter((route) => route.items || wants(route, type as string | null));
    if (wanting.length === 0) continue;
    held++;
    hold.run(HELD, number as number);
    for (const { handler } of wanting) insert.run(number as number, handler);
  }
  return held + holdIncomplete(database, sources, hold, insert);
}

/** Lists of which a handler has had some items, and of others nobody knows. Which of them it does not want is not known either. */
function holdIncomplete(
  database: DatabaseSync,
  sources: ReadonlyMap<string, StoredSource>,
  hold: StatementSync,
  insert: StatementSync,
): number {
  const knownItems = database.prepare(`SELECT count(*) AS count FROM (
    SELECT event FROM work WHERE handler = $handler AND event > $number AND event <= $last
    UNION SELECT event FROM attempts WHERE handler = $handler AND event > $number AND event <= $last)`);
  const wholeWork = database.prepare('SELECT 1 FROM work WHERE event = ? AND handler = ?');
  let held = 0;
  const batches = database
    .prepare('SELECT number, last, source, body FROM inbox JOIN batches ON event = number')
    .all();
  for (const { number, last, source, body } of batches) {
    if (body === null) continue;
    for (const { handler, items, types } of sources.get(String(source))?.routes ?? []) {
      if (!items || types || wholeWork.get(number as number, handler)) continue;
      const all = countItems(items, parseBody(Buffer.from(body as Uint8Array))) ?? 0;
      const about = { $handler: handler, $number: number as number, $last: last as number };
      const known = Number(knownItems.get(about)?.count);
      if (known === 0 || known >= all) continue;
      held++;
      hold.run(HELD, number as number);
      insert.run(number as number, handler);
    }
  }
  return held;
}

/** Reads back all that was written. Throws if it is not what it should be. */
function verifyRescued(path: string, known: Set<number>): Pick<Rescued, 'events' | 'missing'> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const [verdict] = Object.values(database.prepare('PRAGMA integrity_check(1)').get() ?? {});
    if (verdict !== 'ok') throw new Error(`${path} is not sound (${String(verdict)}): is its disk in order?`);
    let events = 0;
    const rows = database.prepare('SELECT number, digest, body FROM inbox').iterate();
    for (const { number, digest, body } of rows) {
      if (body !== null && !hash('sha256', body as Uint8Array, 'buffer').equals(digest as Uint8Array)) {
        throw new Error(`${path} does not hold what was written to it: is its disk in order?`);
      }
      known.delete(number as number);
      events++;
    }
    return { events, missing: [...known].sort((one, other) => one - other) };
  } finally {
    database.close();
  }
}
