/**
 * What a replay of many costs what comes in: 200 events a second, open loop, while 100,000 dead deliveries are replayed and
 * handled, beside the same service with nothing to replay, on SQLite and on PostgreSQL. Promised: no event is refused, and p99
 * is at most twice what it is without, or 100 ms, whichever is more.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActionRecord } from '../src/inbox/actions.ts';
import { type Cluster, withCluster } from './cluster.ts';
import {
  type Contender,
  freePort,
  load,
  newFolder,
  type Result,
  type Running,
  service,
  start,
} from './contenders.ts';
import { fillPending, fillPendingFile } from './fill.ts';
import { type Ledger, ledgerOfFile, ledgerOn } from './ledger.ts';

const HANDLER = 'flexport/nothing';
const BODY_BYTES = 1_000;
const RATE = 200;
const WARMUP_MS = 3_000;
/** Long enough for the replay and what it brings about. */
const MEASURED_MS = 30_000;
const OVER_MS = 3 * 3_600_000;
const LOOK_MS = 250;
const P99_MS = 100;
const DEAD = "UPDATE work SET state = 'dead', attempts = 3";
const NAME = "SELECT value FROM meta WHERE key = 'inbox'";

interface Replayer {
  readonly name: string;
  readonly contender: Contender;
  readonly consolePort: number;
  readonly running: Running;
  readonly ledger: Ledger;
  /** The inbox's own. */
  readonly id: string;
}

interface Figures {
  readonly name: string;
  readonly without: Result;
  readonly during: Result;
  readonly replayedMs: number;
  readonly handledMs: number;
  readonly action: ActionRecord;
}

export async function measureReplay(events: number) {
  const now = Date.now();
  const stretch = { events, beginMs: now - OVER_MS, endMs: now - 60_000, bodyBytes: BODY_BYTES, firstId: 0 };
  const rows: Figures[] = [];
  const folder = newFolder();
  try {
    const file = join(folder, 'inbox.db');
    fillPendingFile(file, stretch, HANDLER);
    const database = new DatabaseSync(file);
    database.exec(DEAD);
    const id = String(database.prepare(NAME).get()?.value);
    database.close();
    const started = await startWith('sqlite', folder);
    rows.push(await measure({ ...started, ledger: ledgerOfFile(started.running), id }, events));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await withCluster(async (cluster: Cluster) => {
    const database = await cluster.create();
    await cluster.quickly(() => fillPending(cluster, database, stretch, HANDLER));
    await cluster.query(database, DEAD);
    await cluster.query(database, 'VACUUM ANALYZE');
    const [row] = await cluster.query<{ value: string }>(database, NAME);
    const started = await startWith('postgres', undefined, cluster.url(database));
    rows.push(
      await measure({ ...started, ledger: ledgerOn(cluster, database), id: row?.value ?? '' }, events),
    );
  });
  print(events, rows);
  return rows;
}

async function startWith(name: string, folder: string | undefined, databaseUrl?: string) {
  const consolePort = await freePort();
  const contender = service({
    name,
    wiring: 'nothing',
    env: { CONSOLE_PORT: String(consolePort) },
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  return { name, contender, consolePort, running: await start(contender, folder) };
}

async function measure(replayer: Replayer, events: number): Promise<Figures> {
  const { name, contender, running, ledger } = replayer;
  const loaded = (warmupMs: number) => load(running, contender, BODY_BYTES, [warmupMs, MEASURED_MS], RATE);
  try {
    const without = await loaded(WARMUP_MS);
    const handledBefore = await ledger.handled();
    const loading = loaded(0);
    const began = performance.now();
    const action = await replayed(replayer, events);
    const replayedMs = performance.now() - began;
    while ((await ledger.handled()) - handledBefore < events) await sleep(LOOK_MS);
    const handledMs = performance.now() - began;
    return { name, without, during: await loading, replayedMs, handledMs, action };
  } finally {
    await running.stop();
  }
}

/** Ordered of the running service, and waited for. */
async function replayed({ consolePort, id: inbox }: Replayer, found: number): Promise<ActionRecord> {
  const url = `http://127.0.0.1:${consolePort}/actions`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inbox, verb: 'replay', selection: { state: 'dead' }, found }),
  });
  if (!response.ok)
    throw new Error(`the order was answered with ${response.status}: ${await response.text()}`);
  for (;;) {
    const [action] = (await (await fetch(url)).json()) as ActionRecord[];
    if (action && action.state !== 'running') return action;
    await sleep(LOOK_MS);
  }
}

function print(events: number, rows: readonly Figures[]): void {
  process.stdout.write(
    `${RATE} events/s, open loop, ${MEASURED_MS / 1_000} s, ${events} replayed meanwhile\n`,
  );
  const figures = rows.map(({ name, without, during, replayedMs, handledMs, action }) => {
    const isKept = during.refused === 0 && during.p99 <= Math.max(P99_MS, 2 * without.p99);
    return {
      server: name,
      'p50 ms': `${during.p50.toFixed(1)} (${without.p50.toFixed(1)})`,
      'p99 ms': `${during.p99.toFixed(1)} (${without.p99.toFixed(1)})`,
      'max ms': `${during.max.toFixed(0)} (${without.max.toFixed(0)})`,
      'not 200': `${during.refused} (${without.refused})`,
      changed: action.changed,
      'replayed in s': (replayedMs / 1_000).toFixed(1),
      'handled in s': (handledMs / 1_000).toFixed(1),
      promise: isKept ? 'kept' : 'BROKEN',
    };
  });
  process.stdout.write('In brackets: with nothing to replay.\n');
  console.table(figures);
}
