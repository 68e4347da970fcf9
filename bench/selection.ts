/**
 * How long it takes to find events among a million: by an id, a search key or what waits for a person, which an index answers,
 * and by what has to be walked. On SQLite and on PostgreSQL; and what the indexing of search keys costs after the fact.
 *
 * The events are written by SQL: of one source, four to a tracking number, handled once but for a few that are dead. One type
 * is had by one event in 100,000.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { driverOf } from '../src/inbox/driver.ts';
import { firstNumberAt } from '../src/inbox/event-id.ts';
import { externalIdentityOf } from '../src/inbox/identity.ts';
import { createPool } from '../src/inbox/postgres/connection.ts';
import { SharedKeyIndex } from '../src/inbox/postgres/key-index.ts';
import type { InboxReader } from '../src/inbox/reader.ts';
import { declaredKeys } from '../src/inbox/search-keys.ts';
import type { Selection } from '../src/inbox/selection.ts';
import { openInboxFile } from '../src/inbox/sqlite/files.ts';
import { KeyIndex } from '../src/inbox/sqlite/key-index.ts';
import { readSettings } from '../src/ops/settings.ts';
import { storedSourcesOf } from '../src/serve/config/config.ts';
import { makeSample } from '../src/verify/presets/samples.ts';
import { shippo } from '../src/verify/presets.ts';
import { type Cluster, withCluster } from './cluster.ts';
import { newFolder } from './contenders.ts';
import { median } from './median.ts';

const MONTH_MS = 29 * 86_400_000;
const BATCH = 20_000;
const DEAD_EACH = 3_300;
const RARE_EACH = 100_000;
const HANDLER = 'shippo/erp';
/** As the command has them. */
const SOURCES = storedSourcesOf((await readSettings(undefined, false)).config.sources);
/** The sample, with an id and a tracking number of its own: ID and NUMBER stand for them. */
const BODY = JSON.stringify({
  id: 'ID',
  ...JSON.parse(makeSample(shippo, 'track-updated').toString()),
}).replaceAll('9205590164917312751089', 'NUMBER');

const trackingOf = (nth: number) => `1Z${String(Math.floor(nth / 4)).padStart(16, '0')}`;

export interface Stored {
  readonly events: number;
  readonly begin: number;
}

interface Facts {
  readonly fillSeconds: number;
  /** Of the indexing: for each event, and the longest step. */
  readonly indexMicros: number;
  readonly longestStepMs: number;
}

export function fillFile(path: string, { events, begin }: Stored): void {
  const database = openInboxFile(path);
  const insert =
    database.prepare(`INSERT INTO inbox (number, received_at, source, identity, digest, type, external_id,
    is_json, held, address, headers, evidence, body)
    VALUES (?, ?, 'shippo', ?, randomblob(32), ?, ?, 1, NULL, '127.0.0.1', '{}', '[]', ?)`);
  const attempt =
    database.prepare(`INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome, error)
    VALUES (?, '${HANDLER}', ?, 1, 1, ?, NULL)`);
  const work = database.prepare(`INSERT INTO work (event, handler, state, attempts, due, alone)
    VALUES (?, '${HANDLER}', 'dead', 20, 0, 0)`);
  for (let at = 0; at < events; at += BATCH) {
    database.exec('BEGIN');
    for (let nth = at; nth < Math.min(at + BATCH, events); nth++) {
      const time = begin + Math.floor((nth / events) * MONTH_MS);
      const number = firstNumberAt(time) + (nth % 4096);
      const [id, isDead] = [`id-${nth}`, nth % DEAD_EACH === 0];
      const body = Buffer.from(BODY.replace('ID', id).replace('NUMBER', trackingOf(nth)));
      const type = nth % RARE_EACH === 7 ? 'rare' : 'track_updated';
      insert.run(number, time, externalIdentityOf('shippo', id), type, id, body);
      attempt.run(number, time, isDead ? 'dead' : 'done');
      if (isDead) work.run(number);
    }
    database.exec('COMMIT');
    process.stderr.write(`filling the file: ${Math.min(at + BATCH, events)} of ${events}\r`);
  }
  database.close();
}

export async function fillDatabase(
  cluster: Cluster,
  database: string,
  { events, begin }: Stored,
): Promise<void> {
  const perMs = firstNumberAt(begin + 1) - firstNumberAt(begin);
  const [head = '', middle = '', tail = ''] = BODY.split(/ID|NUMBER/);
  for (let at = 0; at < events; at += 10 * BATCH) {
    const series = `(SELECT n, 'id-' || n AS id, ${begin} + n * ${MONTH_MS} / ${events} AS at,
      ${firstNumberAt(begin)} + n * ${MONTH_MS} / ${events} * ${perMs} + n % 4096 AS number
      FROM generate_series(${at}::bigint, ${Math.min(at + 10 * BATCH, events) - 1}::bigint) AS n) AS series`;
    const statements = [
      `INSERT INTO keys SELECT substring(sha256('shippo'::bytea || '\\x00'::bytea || 'id'::bytea || '\\x00'::bytea || id::bytea) FOR 16),
        number, sha256(id::bytea) FROM ${series}`,
      `INSERT INTO inbox (number, received_at, source, type, external_id, is_json, address, headers, evidence, body)
        SELECT number, at, 'shippo', CASE WHEN n % ${RARE_EACH} = 7 THEN 'rare' ELSE 'track_updated' END, id, true, '127.0.0.1', '{}', '[]',
        convert_to('${head}' || id || '${middle}' || '1Z' || lpad((n / 4)::text, 16, '0') || '${tail}', 'UTF8') FROM ${series}`,
      `INSERT INTO attempts (event, handler, started_at, attempt, ms, outcome)
        SELECT number, '${HANDLER}', at, 1, 1, CASE WHEN n % ${DEAD_EACH} = 0 THEN 'dead' ELSE 'done' END FROM ${series}`,
      `INSERT INTO work (event, handler, state, attempts, due, alone, behind)
        SELECT number, '${HANDLER}', 'dead', 20, 0, false, false FROM ${series} WHERE n % ${DEAD_EACH} = 0`,
    ];
    for (const statement of statements) await cluster.query(database, statement);
    process.stderr.write(`filling the database: ${at} of ${events}\r`);
  }
  await cluster.query(database, 'ANALYZE');
}

async function indexAll(step: () => 'more' | 'end' | Promise<'more' | 'end'>, events: number) {
  const began = performance.now();
  let longestStepMs = 0;
  for (let left = 'more'; left === 'more'; ) {
    const from = performance.now();
    left = await step();
    longestStepMs = Math.max(longestStepMs, performance.now() - from);
  }
  return { indexMicros: ((performance.now() - began) * 1_000) / events, longestStepMs };
}

const asked = (events: number): Readonly<Record<string, Selection>> => ({
  'a tracking number': { key: trackingOf(Math.floor(events / 2)) },
  'a tracking number that is not there': { key: '1Z999AA10123456784' },
  'their id': { externalId: `id-${Math.floor(events / 3)}` },
  'the newest page': {},
  'dead of a handler': { state: 'dead', handler: HANDLER },
  'failed since yesterday': { state: 'dead', since: Date.now() - 3 * 86_400_000 },
  held: { heldOnly: true },
  'a frequent type': { type: 'track_*' },
  'walk: a rare type': { type: 'rare' },
  'walk: a member': { where: [{ path: ['data', 'eta'], value: 'none' }] },
  'walk: text': { search: 'no such text' },
});

async function measureQueries(reader: InboxReader, events: number) {
  const rows: Record<string, { ms: number; found: number; looked: number }> = {};
  for (const [name, selection] of Object.entries(asked(events))) {
    const took: number[] = [];
    const search = reader.search(selection, SOURCES);
    const rounds = name.startsWith('walk') ? 1 : 11;
    let page = await search.page({ limit: 20 });
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      page = await search.page({ limit: 20 });
      took.push(performance.now() - began);
    }
    rows[name] = { ms: median(took), found: page.events.length, looked: page.looked };
  }
  return rows;
}

/** The whole command, as somebody types it. */
function measureCommand(databaseUrl: string, events: number): number {
  const took = Array.from({ length: 5 }, () => {
    const began = performance.now();
    const args = ['bin/consignee.js', 'events', 'list', '--key', trackingOf(Math.floor(events / 2))];
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      SHIPPO_WEBHOOK_TOKEN: randomBytes(32).toString('hex'),
    };
    const { status, stderr } = spawnSync(process.execPath, args, {
      env,
      cwd: join(import.meta.dirname, '..'),
    });
    if (status !== 0) throw new Error(String(stderr));
    return performance.now() - began;
  });
  return median(took);
}

async function measureOne(name: string, reader: InboxReader, url: string, events: number, facts: Facts) {
  const queries = await measureQueries(reader, events);
  await reader.close();
  const commandMs = measureCommand(url, events);
  const { fillSeconds, indexMicros, longestStepMs } = facts;
  process.stdout.write(
    `\n${name}, ${events} events (filled in ${fillSeconds.toFixed(0)} s); search keys: ${indexMicros.toFixed(1)} µs an event, ` +
      `longest step ${longestStepMs.toFixed(1)} ms; the command: ${commandMs.toFixed(0)} ms\n`,
  );
  for (const [what, { ms, found, looked }] of Object.entries(queries)) {
    process.stdout.write(
      `  ${what.padEnd(38)}${ms.toFixed(1).padStart(9)} ms  ${found} found, looked at ${looked}\n`,
    );
  }
  return { ...facts, commandMs, queries };
}

export async function measureSelection(events: number) {
  const begin = Date.now() - MONTH_MS - 120_000;
  const stored = { events, begin };
  const folder = newFolder();
  const path = join(folder, 'inbox.db');
  let began = performance.now();
  fillFile(path, stored);
  const fillSeconds = (performance.now() - began) / 1_000;
  const database = openInboxFile(path, 64);
  const index = new KeyIndex(database, SOURCES, declaredKeys(SOURCES));
  const facts = { fillSeconds, ...(await indexAll(() => index.step(Date.now()), events)) };
  database.close();
  const reader = (await driverOf({ kind: 'sqlite', path }).openReader()) as InboxReader;
  const sqlite = await measureOne('SQLite', reader, `sqlite:${path}`, events, facts);
  rmSync(folder, { recursive: true });
  const postgres = await withCluster(async (cluster) => {
    const name = await cluster.create();
    began = performance.now();
    await cluster.quickly(() => fillDatabase(cluster, name, stored));
    const seconds = (performance.now() - began) / 1_000;
    const url = cluster.url(name);
    const pool = createPool(url, { connections: 1, statementMs: 60_000 });
    const shared = new SharedKeyIndex(pool, SOURCES);
    const inTotal = { fillSeconds: seconds, ...(await indexAll(() => shared.step(Date.now()), events)) };
    await pool.end();
    const there = (await driverOf({ kind: 'postgres', url, place: name }).openReader()) as InboxReader;
    return await measureOne('PostgreSQL', there, url, events, inTotal);
  });
  return { events, sqlite, postgres };
}
