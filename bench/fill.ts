/**
 * Inboxes as they would be after a while, written by SQL: event numbers that match their times, evenly spread, bodies and
 * headers like those of load.ts, random identities.
 */
import { firstNumberAt } from '../src/inbox/event-id.ts';
import { openInboxFile } from '../src/inbox/sqlite/files.ts';
import { bodyOf } from './body.ts';
import type { Cluster } from './cluster.ts';

const STEP = 250_000;
/** Of as many digits as those of load.ts, and never one of them. */
const FIRST_ID = 10 ** 14;
const TYPE = '/shipment_leg#arrived';
const HEADERS =
  '{"host":"127.0.0.1:40000","user-agent":"bench","accept":"*/*","content-type":"application/json; charset=utf-8","content-length":"957"}';
const EVIDENCE =
  '[{"scheme":"ip"},{"scheme":"token","secret":"000000000000"},{"scheme":"hmac","secret":"000000000000","form":"X-Hub-Signature sha256","signature":"sha256=0000000000000000000000000000000000000000000000000000000000000000"}]';

/** So many events between two times. */
export interface Stretch {
  readonly events: number;
  readonly beginMs: number;
  readonly endMs: number;
  readonly bodyBytes: number;
  /** No two events of an inbox may have the same id: they count from here. */
  readonly firstId: number;
}

/** Each of them waits for that handler, in PostgreSQL. */
export function fillPending(
  cluster: Cluster,
  database: string,
  stretch: Stretch,
  handler: string,
): Promise<void> {
  const work = `INSERT INTO work (event, handler, state, attempts, due, alone, behind)
    SELECT number, '${handler}', 'pending', 0, 0, false, false`;
  return fill(cluster, database, stretch, work);
}

/** Each of them was handled once, in PostgreSQL. */
export function fillFinished(cluster: Cluster, database: string, stretch: Stretch): Promise<void> {
  const attempts = `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome)
    SELECT number, 'flexport/log', at, 1, 1, 'done'`;
  return fill(cluster, database, stretch, attempts);
}

async function fill(cluster: Cluster, database: string, stretch: Stretch, last: string): Promise<void> {
  const { before, behind } = bodyOf(stretch.bodyBytes);
  const inserts = [
    // In the order of the index: each of its pages is then written once for each step.
    `INSERT INTO keys (number, identity, digest)
       SELECT number, decode(md5(id), 'hex') AS identity, sha256(id::bytea)`,
    `INSERT INTO inbox (number, received_at, source, type, external_id, is_json, address, headers, evidence, body)
       SELECT number, at, 'flexport', '${TYPE}', id, true, '127.0.0.1', '${HEADERS}', '${EVIDENCE}',
         convert_to('${before}' || id || '${behind}', 'UTF8')`,
    last,
  ];
  for (let from = 0; from < stretch.events; from += STEP) {
    const series = seriesOf(stretch, from, Math.min(from + STEP, stretch.events));
    const statements = inserts.map(
      (insert, nth) => `${insert} FROM ${series}${nth === 0 ? ' ORDER BY 2' : ''}`,
    );
    await Promise.all(statements.map((statement) => cluster.query(database, statement)));
    process.stderr.write(`filling: ${Math.min(from + STEP, stretch.events)} of ${stretch.events}\n`);
  }
}

/** Numbers as event-id.ts makes them, as long as no millisecond has more than 4096 of them. */
function seriesOf({ events, beginMs, endMs, firstId }: Stretch, from: number, until: number): string {
  const sinceMs = `(n * ${endMs - beginMs} / ${events})`;
  return `(SELECT ${firstNumberAt(beginMs)} + ${sinceMs} * ${firstNumberAt(beginMs + 1) - firstNumberAt(beginMs)} + n % 4096 AS number,
    ${beginMs} + ${sinceMs} AS at, (${FIRST_ID + firstId} + n)::text AS id
    FROM generate_series(${from}::bigint, ${until - 1}::bigint) AS n) AS series`;
}

/** Each of them waits for that handler, in an SQLite file. */
export function fillPendingFile(path: string, stretch: Stretch, handler: string): void {
  const database = openInboxFile(path);
  const insert =
    database.prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, type, external_id,
    is_json, held, address, headers, evidence, body)
    VALUES (?, ?, 'flexport', randomblob(16), randomblob(32), '${TYPE}', ?, 1, NULL, '127.0.0.1', ?, ?, ?)`);
  const work = database.prepare(`INSERT INTO work (event, handler, state, attempts, due, alone)
    VALUES (?, ?, 'pending', 0, 0, 0)`);
  const { events, beginMs, endMs, firstId } = stretch;
  const { before, behind } = bodyOf(stretch.bodyBytes);
  database.exec('BEGIN');
  for (let nth = 0; nth < events; nth++) {
    const at = beginMs + Math.floor((nth / events) * (endMs - beginMs));
    const number = firstNumberAt(at) + (nth % 4096);
    const id = String(FIRST_ID + firstId + nth);
    insert.run(number, at, id, HEADERS, EVIDENCE, Buffer.from(before + id + behind));
    work.run(number, handler);
    if (nth % STEP === 0) process.stderr.write(`filling: ${nth} of ${events}\n`);
  }
  database.exec('COMMIT');
  database.close();
}
