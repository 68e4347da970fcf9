/**
 * A month of finished events on PostgreSQL, without partitions and with one for each day: intake against an empty
 * database, what an event takes on disk, and the purge of the oldest day by a service under load, which comes alternately
 * in closed loop and at a fixed rate.
 *
 * A day without events follows the oldest one, so that both ways of purging have the same to do, whatever the hour.
 */
import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../src/inbox/postgres/connection.ts';
import { renewPartitions } from '../src/inbox/postgres/partitions.ts';
import { type Cluster, type DatabaseCost, sizesOf, withCluster } from './cluster.ts';
import { type Contender, load, type Result, service, start, type Window } from './contenders.ts';
import { fillFinished } from './fill.ts';
import { ledgerOn } from './ledger.ts';
import { median } from './median.ts';
import { Refusal } from './refusal.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const BODY_BYTES = 1_000;
/** Events a second, open loop. */
const RATE = 500;
const WARMUP_MS = 1_000;
const LOOK_MS = 200;
/** A service waits 10 s before it purges, and then for an hour if that fails. */
const PURGE_MOST_MS = 20 * 60_000;
/** What an event takes beside its body, in all tables and indexes; and what the write-ahead log may take. */
const OVERHEAD_BYTES = 1_000;
const WAL_BYTES = 4 * 1_073_741_824;
const SPARE = 1.5;

export interface ScaleOptions {
  readonly events: number;
  readonly days: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  readonly window: Window;
}

/** A database with everything in it. */
interface Filled {
  readonly database: string;
  readonly partitionDays: number;
  readonly fillSeconds: number;
  readonly oldest: Day;
}

interface Day {
  readonly events: number;
  /** Numbers of its first and last event. */
  readonly first: number;
  readonly last: number;
}

type Charged = Result & DatabaseCost & { readonly hitRatio: number };
type Loaded = Readonly<Record<'closed' | 'open', Charged>>;
type Round = Readonly<Record<'filled' | 'empty', Loaded>>;

export async function measureScale(options: ScaleOptions) {
  if (options.days < 2) throw new Refusal('--days: one of them is purged, so there must be two at least');
  refuseIfScarce(options);
  return await withCluster(async (cluster) => {
    const results: Scaled[] = [];
    for (const partitionDays of [0, 1]) results.push(await measure(cluster, options, partitionDays));
    print(cluster, options, results);
    return { database: cluster.says, ...options, results };
  });
}

async function measure(cluster: Cluster, options: ScaleOptions, partitionDays: number) {
  process.stderr.write(`partitionDays ${partitionDays}\n`);
  const filled = await fill(cluster, options, partitionDays);
  const { database, fillSeconds } = filled;
  const sizes = await sizesOf(cluster, database);
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) rounds.push(await intake(cluster, filled, options));
  const purge = await purgeUnderLoad(cluster, filled, options);
  await cluster.drop(database);
  return { partitionDays, fillSeconds, sizes, rounds, purge };
}

type Scaled = Awaited<ReturnType<typeof measure>>;

function refuseIfScarce({ events, bodyBytes }: ScaleOptions): void {
  const wanted = SPARE * (events * (bodyBytes + OVERHEAD_BYTES) + WAL_BYTES);
  const { bavail, bsize } = statfsSync(import.meta.dirname);
  if (bavail * bsize >= wanted) return;
  const gb = (bytes: number) => `${(bytes / 1e9).toFixed(0)} GB`;
  const sentence = `${events} events want ${gb(wanted)} of disk, to be sure, and ${gb(bavail * bsize)} are free`;
  throw new Refusal(`${sentence}: take fewer --events, or smaller --body-bytes`);
}

async function fill(cluster: Cluster, options: ScaleOptions, partitionDays: number): Promise<Filled> {
  const { events, days, bodyBytes } = options;
  const began = performance.now();
  const now = Date.now();
  const begin = Math.floor((now - days * DAY_MS) / DAY_MS) * DAY_MS;
  const ofOldest = Math.round(events / days);
  const database = await cluster.create();
  if (partitionDays > 0) await makePartitions(cluster.url(database), partitionDays, begin, now);
  const day = { bodyBytes, firstId: 0, events: ofOldest, beginMs: begin, endMs: begin + DAY_MS };
  const others = { beginMs: begin + 2 * DAY_MS, endMs: now - 60_000, events: events - ofOldest };
  const oldest = await cluster.quickly(async () => {
    await fillFinished(cluster, database, day);
    const [row] = await cluster.query<Day>(
      database,
      'SELECT count(*) AS events, min(number) AS first, max(number) AS last FROM keys',
    );
    await fillFinished(cluster, database, { ...day, ...others, firstId: ofOldest });
    await cluster.query(database, 'VACUUM ANALYZE');
    return row as Day;
  });
  const fillSeconds = Math.round((performance.now() - began) / 1_000);
  return { database, partitionDays, fillSeconds, oldest };
}

/** As a service would have made them on each of those days. */
async function makePartitions(url: string, partitionDays: number, begin: number, now: number): Promise<void> {
  for (let day = begin - 2 * HOUR_MS; day < now + DAY_MS; day += DAY_MS) {
    const client = await connect(url);
    await renewPartitions(client, partitionDays, 0, Math.min(day, now));
    await client.end();
  }
}

function serviceOn(
  cluster: Cluster,
  { database, partitionDays }: Pick<Filled, 'database' | 'partitionDays'>,
  days: number,
) {
  return service({
    name: 'postgres',
    wiring: 'retention',
    databaseUrl: cluster.url(database),
    env: { RETENTION_DAYS: String(days), IDENTITY_DAYS: String(days), PARTITION_DAYS: String(partitionDays) },
  });
}

async function intake(cluster: Cluster, filled: Filled, options: ScaleOptions): Promise<Round> {
  // Nothing is old enough to be purged.
  const contenderOn = (database: string) => serviceOn(cluster, { ...filled, database }, options.days + 3);
  const full = await loaded(cluster, filled.database, contenderOn(filled.database), options.window);
  const database = await cluster.create();
  const empty = await loaded(cluster, database, contenderOn(database), options.window);
  await cluster.drop(database);
  const pace = `${Math.round(full.closed.perSecond)}/s filled, ${Math.round(empty.closed.perSecond)}/s empty`;
  process.stderr.write(`intake: ${pace}\n`);
  return { filled: full, empty };
}

async function loaded(
  cluster: Cluster,
  database: string,
  contender: Contender,
  window: Window,
): Promise<Loaded> {
  const running = await start(contender);
  const measured = async (part: Window, rate?: number): Promise<Charged> => {
    const before = await readBlocks(cluster, database);
    const result = await cluster.charge(() => load(running, contender, BODY_BYTES, part, rate));
    const after = await readBlocks(cluster, database);
    const hit = after.hit - before.hit;
    return { ...result, hitRatio: hit / (hit + after.read - before.read) };
  };
  const closed = await measured(window);
  await ledgerOn(cluster, database).untilDone();
  const open = await measured([WARMUP_MS, window[1]], RATE);
  await running.stop();
  return { closed, open };
}

async function readBlocks(cluster: Cluster, database: string): Promise<{ hit: number; read: number }> {
  const sql =
    'SELECT blks_hit AS hit, blks_read AS read FROM pg_stat_database WHERE datname = current_database()';
  const [row] = await cluster.query<{ hit: number; read: number }>(database, sql);
  return row ?? { hit: 0, read: 0 };
}

/** What was seen of a purge, in the benchmark's time. */
interface Progress {
  begun?: number;
  eventsGone?: number;
  keysGone?: number;
}

interface Slice {
  readonly rate: number;
  readonly from: number;
  readonly until: number;
  readonly result: Result;
}

/** A service that finds the oldest day past its retention, under load until that day is gone. */
async function purgeUnderLoad(cluster: Cluster, filled: Filled, { days, window }: ScaleOptions) {
  const contender = serviceOn(cluster, filled, days - 1);
  const running = await start(contender);
  const progress: Progress = {};
  const watching = watch(cluster, filled, progress);
  const slices: Slice[] = [];
  for (const end = performance.now() + PURGE_MOST_MS; performance.now() < end && !progress.keysGone; ) {
    const rate = slices.length % 2 === 0 ? 0 : RATE;
    const from = performance.now();
    const result = await load(running, contender, BODY_BYTES, [WARMUP_MS, window[1]], rate);
    slices.push({ rate, from, until: performance.now(), result });
    process.stderr.write(`purging: ${rate || 'closed loop'}  ${Math.round(result.perSecond)}/s\n`);
  }
  await running.stop();
  await watching.stop();
  const { begun = Number.POSITIVE_INFINITY, eventsGone = Number.NaN, keysGone = Number.NaN } = progress;
  const during = slices.filter(({ from, until }) => until > begun && !(from > keysGone));
  const summary = (rate: number) => summaryOf(during.filter((slice) => slice.rate === rate));
  return {
    events: filled.oldest.events,
    eventsSeconds: (eventsGone - begun) / 1_000,
    keysSeconds: (keysGone - eventsGone) / 1_000,
    closed: summary(0),
    open: summary(RATE),
  };
}

function summaryOf(slices: readonly Slice[]) {
  const of = (pick: (result: Result) => number) => median(slices.map(({ result }) => pick(result)));
  return {
    slices: slices.length,
    perSecond: of((result) => result.perSecond),
    p50: of((result) => result.p50),
    p99: of((result) => result.p99),
    max: Math.max(0, ...slices.map(({ result }) => result.max)),
    refused: slices.reduce((sum, { result }) => sum + result.refused, 0),
  };
}

/** Looks at the first and the last event of the day only: it must not get in the purge's way. */
function watch(cluster: Cluster, { database, oldest }: Filled, progress: Progress) {
  let stopped = false;
  const sql = `SELECT EXISTS (SELECT FROM inbox WHERE number = $1) AS first,
    EXISTS (SELECT FROM inbox WHERE number = $2) AS last, EXISTS (SELECT FROM keys WHERE number = $2) AS key`;
  const watching = (async () => {
    while (!stopped && progress.keysGone === undefined) {
      const [row] = await cluster.query<Record<'first' | 'last' | 'key', boolean>>(
        database,
        sql,
        oldest.first,
        oldest.last,
      );
      const now = performance.now();
      if (row?.first === false) progress.begun ??= now;
      if (row?.last === false) progress.eventsGone ??= now;
      if (row?.key === false) progress.keysGone = now;
      await sleep(LOOK_MS);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
    },
  };
}

function print(cluster: Cluster, options: ScaleOptions, results: readonly Scaled[]): void {
  const { events, days, bodyBytes, rounds } = options;
  const stored = `${events} events of ${bodyBytes} bytes over ${days} days`;
  process.stdout.write(
    `${cluster.says}\n${stored}; sent: ${BODY_BYTES} bytes; medians of ${rounds} rounds\n`,
  );
  process.stdout.write('Intake, with all of it stored and into an empty database:\n');
  console.table(results.flatMap((result) => [intakeOf(result, 'closed'), intakeOf(result, 'open')]));
  process.stdout.write('The oldest day is purged, by the service that takes the load:\n');
  console.table(results.map(purgeOf));
  process.stdout.write('Bytes on disk for each event:\n');
  console.table(sizesOfBoth(results, events));
}

function intakeOf({ partitionDays, rounds }: Scaled, which: 'closed' | 'open') {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const both = (pick: (result: Charged) => number, digits = 0) =>
    `${of(({ filled }) => pick(filled[which])).toFixed(digits)} / ${of(({ empty }) => pick(empty[which])).toFixed(digits)}`;
  return {
    partitionDays,
    load: which === 'closed' ? 'closed loop' : `${RATE}/s`,
    'events/s': both((r) => r.perSecond),
    ratio: of(({ filled, empty }) => filled[which].perSecond / empty[which].perSecond).toFixed(2),
    'p50 ms': both((r) => r.p50, 1),
    'p99 ms': both((r) => r.p99, 1),
    'WAL B/event': both((r) => r.walBytesPerEvent),
    'database CPU µs': both((r) => r.databaseMicrosPerEvent),
    'hit ratio': both((r) => r.hitRatio, 4),
    'not 200': rounds.reduce(
      (sum, { filled, empty }) => sum + filled[which].refused + empty[which].refused,
      0,
    ),
  };
}

function purgeOf({ partitionDays, purge }: Scaled) {
  const { events, eventsSeconds, keysSeconds, closed, open } = purge;
  const seconds = Math.max(eventsSeconds, LOOK_MS / 1_000);
  return {
    partitionDays,
    events,
    'events gone in s': eventsSeconds.toFixed(1),
    'events/s': Math.round(events / seconds),
    'keys gone in s': keysSeconds.toFixed(1),
    'intake/s': Math.round(closed.perSecond),
    'p99 ms': closed.p99.toFixed(1),
    'max ms': closed.max.toFixed(0),
    [`p99 ms at ${RATE}/s`]: open.p99.toFixed(1),
    [`max ms at ${RATE}/s`]: open.max.toFixed(0),
    'not 200': closed.refused + open.refused,
  };
}

function sizesOfBoth([plain, partitioned]: readonly Scaled[], events: number) {
  return (plain?.sizes ?? [])
    .filter(({ bytes }) => bytes / events >= 1)
    .map(({ name, isIndex, bytes }) => ({
      table: isIndex ? '' : name,
      index: isIndex ? name : '',
      'B/event': Math.round(bytes / events),
      'with partitions': Math.round(
        (partitioned?.sizes.find((size) => size.name === name)?.bytes ?? 0) / events,
      ),
    }));
}
