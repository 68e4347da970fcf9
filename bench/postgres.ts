/**
 * Consignee on PostgreSQL, one replica and two, beside itself on SQLite and beside an Express app that stores nothing: in
 * closed loop, and at fixed rates. What the database costs is counted apart from the service.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type DatabaseCost, type Size, sizesOf, withCluster } from './cluster.ts';
import {
  CONNECTIONS,
  type Contender,
  consignee,
  load,
  logged,
  plain,
  type Result,
  type Running,
  service,
  startSeveral,
  type Window,
} from './contenders.ts';
import { type Ledger, ledgerOfFile, ledgerOn } from './ledger.ts';
import { median } from './median.ts';

/** At a fixed rate it is warm already. */
const OPEN_WARMUP_MS = 1_000;
/** Of all bytes; what takes less is left out. */
const SIZE_LEAST = 0.003;

export interface PostgresOptions {
  /** Kilobytes. */
  readonly sizes: readonly number[];
  /** Events a second, open loop. */
  readonly rates: readonly number[];
  readonly rounds: number;
  readonly window: Window;
}

interface Entrant {
  readonly name: string;
  readonly says: string;
  /** None: without PostgreSQL, one process. */
  readonly replicas: number;
  readonly contender: (databaseUrl: string) => Contender;
}

const NO_COST: DatabaseCost = { databaseMicrosPerEvent: 0, walBytesPerEvent: 0 };
const without = (contender: Contender): Entrant => {
  return { name: contender.name, says: contender.says, replicas: 0, contender: () => contender };
};
const on = (replicas: number): Entrant => {
  const name = `postgres ${replicas}`;
  const says = `the same on PostgreSQL, ${replicas === 1 ? 'one replica' : `${replicas} replicas, the load dealt out evenly`}`;
  return { name, says, replicas, contender: (databaseUrl) => service({ name, databaseUrl }) };
};
const ENTRANTS = [without(logged), without(plain), without(consignee), on(1), on(2)];

type Charged = Result & DatabaseCost;
interface Run {
  readonly closed: Charged;
  /** By rate. */
  readonly open: ReadonlyMap<number, Charged>;
  /** Of the events of the closed loop, how many had been handled when it ended. */
  readonly handledPart: number;
  readonly diskBytesPerEvent: number;
  readonly sizes: readonly Size[];
}

async function run(
  cluster: Cluster,
  entrant: Entrant,
  sizeKb: number,
  options: PostgresOptions,
): Promise<Run> {
  const database = entrant.replicas > 0 ? await cluster.create() : undefined;
  const contender = entrant.contender(database === undefined ? '' : cluster.url(database));
  const running = await startSeveral(contender, Math.max(1, entrant.replicas));
  const loaded = async (window: Window, rate?: number): Promise<Charged> => {
    const work = () => load(running, contender, sizeKb * 1_000, window, rate);
    return database === undefined ? { ...(await work()), ...NO_COST } : await cluster.charge(work);
  };
  const closed = await loaded(options.window);
  const ledger = ledgerOf(cluster, entrant, database, running);
  const handled = (await ledger?.handled()) ?? 0;
  const sizes = database === undefined ? [] : await sizesOf(cluster, database);
  const stored = database === undefined ? fileBytes(running) : sum(sizes.map(({ bytes }) => bytes));
  const open = new Map<number, Charged>();
  for (const rate of ledger ? options.rates : []) {
    await ledger?.untilDone();
    open.set(rate, await loaded([OPEN_WARMUP_MS, options.window[1]], rate));
  }
  await running.stop();
  if (database !== undefined) await cluster.drop(database);
  const per = (count: number) => count / closed.total;
  const perEvent = sizes.map((size) => ({ ...size, bytes: per(size.bytes) }));
  return { closed, open, handledPart: per(handled), diskBytesPerEvent: per(stored), sizes: perEvent };
}

/** None of what stores nothing. */
function ledgerOf(
  cluster: Cluster,
  { name }: Entrant,
  database: string | undefined,
  running: Running,
): Ledger | undefined {
  if (database !== undefined) return ledgerOn(cluster, database);
  return name === consignee.name ? ledgerOfFile(running) : undefined;
}

/** Of an SQLite inbox with its write-ahead log; 0 where nothing is stored. */
function fileBytes({ folders }: Running): number {
  const paths = folders.flatMap((folder) => ['inbox.db', 'inbox.db-wal'].map((name) => join(folder, name)));
  return sum(paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0));
}

function sum(list: readonly number[]): number {
  return list.reduce((total, one) => total + one, 0);
}

/** Of several runs, the median of each figure. */
function middle(runs: readonly Charged[]) {
  const of = (pick: (run: Charged) => number) => median(runs.map(pick));
  return {
    perSecond: of((r) => r.perSecond),
    p50: of((r) => r.p50),
    p99: of((r) => r.p99),
    cpuMicrosPerEvent: of((r) => r.cpuMicrosPerEvent),
    databaseMicrosPerEvent: of((r) => r.databaseMicrosPerEvent),
    walBytesPerEvent: of((r) => r.walBytesPerEvent),
    refused: sum(runs.map((r) => r.refused)),
    unsent: sum(runs.map((r) => r.unsent)),
  };
}

async function compare(cluster: Cluster, sizeKb: number, options: PostgresOptions) {
  const runs = new Map<Entrant, Run[]>(ENTRANTS.map((entrant) => [entrant, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [entrant, list] of runs) {
      const one = await run(cluster, entrant, sizeKb, options);
      list.push(one);
      const pace = `${Math.round(one.closed.perSecond)}/s`;
      process.stderr.write(`${sizeKb} kB  round ${round + 1}  ${entrant.name}  ${pace}\n`);
    }
  }
  return [...runs].map(([{ name }, list]) => ({
    sizeKb,
    name,
    ...middle(list.map(({ closed }) => closed)),
    handledPart: median(list.map((one) => one.handledPart)),
    diskBytesPerEvent: median(list.map((one) => one.diskBytesPerEvent)),
    sizes: list.at(-1)?.sizes ?? [],
    open: options.rates
      .map((rate) => ({ rate, runs: list.flatMap(({ open }) => open.get(rate) ?? []) }))
      .filter((one) => one.runs.length > 0)
      .map((one) => ({ rate: one.rate, ...middle(one.runs) })),
  }));
}

type Row = Awaited<ReturnType<typeof compare>>[number];

export async function measurePostgres(options: PostgresOptions) {
  return await withCluster(async (cluster) => {
    const rows: Row[] = [];
    for (const size of options.sizes) rows.push(...(await compare(cluster, size, options)));
    print(cluster, rows, options);
    return { database: cluster.says, rows };
  });
}

function print(cluster: Cluster, rows: readonly Row[], { rounds }: PostgresOptions): void {
  process.stdout.write(`${cluster.says}\n${CONNECTIONS} connections in all, medians of ${rounds} rounds\n`);
  for (const { name, says } of ENTRANTS) process.stdout.write(`  ${name.padEnd(10)} ${says}\n`);
  process.stdout.write('Closed loop:\n');
  console.table(rows.map((row) => closedOf(row, rows)));
  process.stdout.write('At a fixed rate, each event timed from when it was due:\n');
  console.table(rows.flatMap(openOf));
  process.stdout.write('Bytes on disk for each event, after the closed loop:\n');
  console.table(sizesOfAll(rows));
}

function closedOf(row: Row, rows: readonly Row[]) {
  const ratio = (to: Contender) => {
    const base = rows.find(({ sizeKb, name }) => sizeKb === row.sizeKb && name === to.name);
    return base ? (row.perSecond / base.perSecond).toFixed(2) : '-';
  };
  return {
    body: `${row.sizeKb} kB`,
    server: row.name,
    'events/s': Math.round(row.perSecond),
    'of SQLite': ratio(consignee),
    'of (b)': ratio(logged),
    'handled by then': row.handledPart.toFixed(2),
    ...costOf(row),
    'disk B/event': Math.round(row.diskBytesPerEvent),
  };
}

function openOf(row: Row) {
  return row.open.map((open) => ({
    body: `${row.sizeKb} kB`,
    'wanted/s': open.rate,
    server: row.name,
    'events/s': Math.round(open.perSecond),
    ...costOf(open),
    unsent: open.unsent,
  }));
}

function costOf(row: ReturnType<typeof middle>) {
  return {
    'CPU µs/event': Math.round(row.cpuMicrosPerEvent),
    'database CPU µs': Math.round(row.databaseMicrosPerEvent),
    'p50 ms': row.p50.toFixed(1),
    'p99 ms': row.p99.toFixed(1),
    'WAL B/event': Math.round(row.walBytesPerEvent),
    'not 200': row.refused,
  };
}

/** Those that count, of all servers and body sizes beside each other. */
function sizesOfAll(rows: readonly Row[]) {
  const stored = rows.filter(({ sizes }) => sizes.length > 0);
  const lines = new Map<string, Record<string, string | number>>();
  for (const { sizeKb, name: server, diskBytesPerEvent, sizes } of stored) {
    for (const { name, isIndex, bytes } of sizes.filter(
      (size) => size.bytes >= diskBytesPerEvent * SIZE_LEAST,
    )) {
      const line = lines.get(name) ?? { table: isIndex ? '' : name, index: isIndex ? name : '' };
      lines.set(name, { ...line, [`${server}, ${sizeKb} kB`]: Math.round(bytes) });
    }
  }
  return [...lines.values()];
}
