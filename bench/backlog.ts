/**
 * What a large backlog costs: events that wait for a handler that does nothing, drained by Consignee on SQLite and on
 * PostgreSQL with one and two replicas; what comes in meanwhile, beside the same with nothing to drain; and the time of the
 * one statement that finds what is due.
 */
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLAIM } from '../src/inbox/postgres/claims.ts';
import { connect } from '../src/inbox/postgres/connection.ts';
import { type Cluster, type DatabaseCost, withCluster } from './cluster.ts';
import {
  type Contender,
  load,
  newFolder,
  type Running,
  service,
  start,
  startSeveral,
  type Window,
} from './contenders.ts';
import { fillPending, fillPendingFile, type Stretch } from './fill.ts';
import { type Ledger, ledgerOfFile, ledgerOn } from './ledger.ts';
import { median } from './median.ts';

const HANDLER = 'flexport/nothing';
const BODY_BYTES = 1_000;
const OVER_MS = 3 * 3_600_000;
const DRAINED_MOST = 200_000;
const DRAIN_MS = 30_000;
const LOOK_MS = 100;
/** Events a second, open loop. */
const RATE = 500;
const WARMUP_MS = 1_000;
const CLAIMS = 20;
/** Rows that one claim asks for: the slots of a handler as it comes, and the most of any. */
const ROOMS = [16, 100];

export interface BacklogOptions {
  readonly events: number;
  readonly rounds: number;
  readonly window: Window;
}

/** A running service and what is to be done with it afterwards. */
interface Started {
  readonly contender: Contender;
  readonly running: Running;
  readonly ledger: Ledger;
  readonly clean: () => Promise<void>;
}

interface Entrant {
  readonly name: string;
  readonly start: (filled: boolean) => Promise<Started>;
}

/** Work under load, or without: what came in, what was handled. */
interface Figures extends DatabaseCost {
  readonly total: number;
  readonly handledPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly refused: number;
}

interface Run {
  readonly drain: Figures;
  readonly left: number;
  readonly under: Readonly<Record<Load, Record<'backlog' | 'none', Figures>>>;
}

const LOADS = { closed: 0, open: RATE } as const;
type Load = keyof typeof LOADS;

export async function measureBacklog(options: BacklogOptions) {
  return await withCluster(async (cluster) => {
    const folder = newFolder();
    try {
      return await measure(cluster, folder, options);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function measure(cluster: Cluster, folder: string, options: BacklogOptions) {
  const now = Date.now();
  const stretch = {
    events: options.events,
    beginMs: now - OVER_MS,
    endMs: now - 60_000,
    bodyBytes: BODY_BYTES,
    firstId: 0,
  };
  const file = join(folder, 'inbox.db');
  fillPendingFile(file, stretch, HANDLER);
  const template = await filledDatabase(cluster, stretch);
  const claims = [];
  for (const room of ROOMS) claims.push(await timeClaim(cluster, template, room));
  const entrants = [onFile(file), onPostgres(cluster, template, 1), onPostgres(cluster, template, 2)];
  const runs = new Map<Entrant, Run[]>(entrants.map((entrant) => [entrant, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [entrant, list] of runs) {
      const run = await runOf(cluster, entrant, options);
      list.push(run);
      const pace = `${Math.round(run.drain.handledPerSecond)}/s, ${run.left} left at the end`;
      process.stderr.write(`round ${round + 1}  ${entrant.name}  drained at ${pace}\n`);
    }
  }
  const rows = [...runs].map(([{ name }, list]) => ({ name, runs: list }));
  print(cluster, options, claims, rows);
  return { database: cluster.says, events: options.events, claims, rows };
}

async function filledDatabase(cluster: Cluster, stretch: Stretch): Promise<string> {
  const database = await cluster.create();
  await cluster.quickly(async () => {
    await fillPending(cluster, database, stretch, HANDLER);
    await cluster.query(database, 'VACUUM ANALYZE');
  });
  return database;
}

function onFile(file: string): Entrant {
  const contender = service({ name: 'sqlite', wiring: 'nothing' });
  return {
    name: contender.name,
    async start(filled) {
      const folder = newFolder();
      if (filled) copyFileSync(file, join(folder, 'inbox.db'));
      const running = await start(contender, folder);
      return {
        contender,
        running,
        ledger: ledgerOfFile(running),
        clean: async () => rmSync(folder, { recursive: true }),
      };
    },
  };
}

function onPostgres(cluster: Cluster, template: string, replicas: number): Entrant {
  const name = `postgres ${replicas}`;
  return {
    name,
    async start(filled) {
      const database = await cluster.create(filled ? template : undefined);
      const contender = service({ name, wiring: 'nothing', databaseUrl: cluster.url(database) });
      const running = await startSeveral(contender, replicas);
      return { contender, running, ledger: ledgerOn(cluster, database), clean: () => cluster.drop(database) };
    },
  };
}

async function runOf(cluster: Cluster, entrant: Entrant, { events, window }: BacklogOptions): Promise<Run> {
  const full = await entrant.start(true);
  const drain = await drained(cluster, full.running, Math.min(DRAINED_MOST, events / 2));
  const closed = await underLoad(cluster, full, window, LOADS.closed);
  const open = await underLoad(cluster, full, [WARMUP_MS, window[1]], LOADS.open);
  const left = Math.max(0, events - handledBy(full.running));
  await full.running.stop();
  await full.clean();
  const empty = await entrant.start(false);
  const closedNone = await underLoad(cluster, empty, window, LOADS.closed);
  // What came in faster than it was handled.
  await empty.ledger.untilDone();
  const openNone = await underLoad(cluster, empty, [WARMUP_MS, window[1]], LOADS.open);
  await empty.running.stop();
  await empty.clean();
  const under = { closed: { backlog: closed, none: closedNone }, open: { backlog: open, none: openNone } };
  return { drain, left, under };
}

async function underLoad(
  cluster: Cluster,
  { running, contender }: Started,
  window: Window,
  rate: number,
): Promise<Figures> {
  const before = handledBy(running);
  const began = performance.now();
  const result = await cluster.charge(() => load(running, contender, BODY_BYTES, window, rate));
  const handled = handledBy(running) - before;
  return { ...result, handledPerSecond: (handled * 1_000) / (performance.now() - began) };
}

/** Nothing comes in: settled, by what the handlers say, for at most half a minute. */
async function drained(cluster: Cluster, running: Running, most: number): Promise<Figures> {
  const end = performance.now() + DRAIN_MS;
  while (handledBy(running) === 0 && performance.now() < end) await sleep(LOOK_MS);
  const figures = await cluster.charge(async () => {
    const began = performance.now();
    const first = handledBy(running);
    const microsBefore = running.cpuMicros();
    while (handledBy(running) - first < most && performance.now() < began + DRAIN_MS) await sleep(LOOK_MS);
    const total = handledBy(running) - first;
    return {
      total,
      handledPerSecond: (total * 1_000) / (performance.now() - began),
      cpuMicrosPerEvent: (running.cpuMicros() - microsBefore) / total,
    };
  });
  return { ...figures, perSecond: 0, p50: 0, p99: 0, refused: 0 };
}

/** What wiring/nothing has written down. */
function handledBy({ folders }: Running): number {
  return folders.reduce((sum, folder) => {
    try {
      return sum + Number(readFileSync(join(folder, 'handled'), 'utf8'));
    } catch {
      return sum;
    }
  }, 0);
}

/** The claim of a replica with so many free slots, planned once as the driver has it; changes nothing. */
async function timeClaim(cluster: Cluster, database: string, room: number) {
  const client = await connect(cluster.url(database));
  try {
    await client.query('SET plan_cache_mode = force_generic_plan');
    await client.query(`PREPARE claim (text[], int[], bigint, bigint, boolean) AS ${CLAIM.text}`);
    const claim = `EXECUTE claim(ARRAY['${HANDLER}'], ARRAY[${room}], 1, 67108864, false)`;
    const times: number[] = [];
    let plan = '';
    for (let nth = 0; nth < CLAIMS; nth++) {
      await client.query('BEGIN');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${claim}`);
      await client.query('ROLLBACK');
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      times.push(Number(/Execution Time: ([\d.]+)/.exec(plan)?.[1]));
    }
    return { room, medianMs: median(times), worstMs: Math.max(...times), plan };
  } finally {
    await client.end();
  }
}

type Claim = Awaited<ReturnType<typeof timeClaim>>;
interface Row {
  readonly name: string;
  readonly runs: readonly Run[];
}

function print(
  cluster: Cluster,
  options: BacklogOptions,
  claims: readonly Claim[],
  rows: readonly Row[],
): void {
  const { events, rounds } = options;
  process.stdout.write(`${cluster.says}\n${events} events pending, medians of ${rounds} rounds\n`);
  process.stdout.write(`${claims[0]?.plan}\n`);
  for (const { room, medianMs, worstMs } of claims) {
    const times = `median of ${CLAIMS} ${medianMs.toFixed(2)} ms, at worst ${worstMs.toFixed(2)} ms`;
    process.stdout.write(`the claim with ${events} pending and ${room} free slots: ${times}\n`);
  }
  process.stdout.write('Draining, with nothing coming in:\n');
  console.table(rows.map(drainOf));
  process.stdout.write('What comes in while it drains, and with nothing to drain:\n');
  console.table(
    rows.flatMap((row) => (['closed', 'open'] as const).flatMap((which) => intakeOf(row, which))),
  );
}

function drainOf({ name, runs }: Row) {
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  return {
    server: name,
    'settled/s': Math.round(of(({ drain }) => drain.handledPerSecond)),
    'CPU µs/event': Math.round(of(({ drain }) => drain.cpuMicrosPerEvent)),
    'database CPU µs': name === 'sqlite' ? 0 : Math.round(of(({ drain }) => drain.databaseMicrosPerEvent)),
    'left at the end': Math.min(...runs.map(({ left }) => left)),
  };
}

function intakeOf({ name, runs }: Row, which: Load) {
  const table = (['backlog', 'none'] as const).map((what) => {
    const of = (pick: (figures: Figures) => number) =>
      median(runs.map(({ under }) => pick(under[which][what])));
    return {
      server: name,
      load: which === 'closed' ? 'closed loop' : `${RATE}/s`,
      'to drain': what === 'none' ? 'nothing' : 'backlog',
      'events/s': Math.round(of((figures) => figures.perSecond)),
      'p50 ms': of((figures) => figures.p50).toFixed(1),
      'p99 ms': of((figures) => figures.p99).toFixed(1),
      'handled/s': Math.round(of((figures) => figures.handledPerSecond)),
      'not 200': runs.reduce((sum, { under }) => sum + under[which][what].refused, 0),
    };
  });
  const ratio = median(runs.map(({ under }) => under[which].backlog.perSecond / under[which].none.perSecond));
  return table.map((row, nth) => ({ ...row, ratio: nth === 0 ? ratio.toFixed(2) : '' }));
}
