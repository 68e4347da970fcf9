/** The servers that are measured, each a process of its own, started fresh for every run on a free port of loopback. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { cpuMicrosOf } from './processor.ts';
import { BENCH_SECRET } from './secret.ts';

const HERE = import.meta.dirname;
export const CONNECTIONS = 64;
const TOKEN = 'bench-token-bench-token-bench-token';

export interface Contender {
  readonly name: string;
  readonly says: string;
  readonly path: string;
  start(port: number, folder: string): ChildProcess;
}

const env = (port: number) => ({
  PATH: process.env.PATH ?? '',
  NODE_ENV: 'production',
  PORT: String(port),
  FLEXPORT_WEBHOOK_SECRET: BENCH_SECRET,
});
/** Not one of them outlives the benchmark, however it ends. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
function watched(child: ChildProcess): ChildProcess {
  alive.add(child);
  return child.once('exit', () => alive.delete(child));
}

const node = (port: number, args: string[], more = {}) =>
  watched(
    spawn(process.execPath, args, { env: { ...env(port), ...more }, stdio: ['ignore', 'ignore', 'inherit'] }),
  );

const serviceEnv = (folder: string) => ({
  HOST: '127.0.0.1',
  CONSOLE_PORT: '0',
  REQUIRE_HTTPS: 'false',
  SHUTDOWN_DELAY_MS: '0',
  FLEXPORT_WEBHOOK_TOKEN: TOKEN,
  FLEXPORT_ALLOW_FROM: '127.0.0.1',
  DATA_DIR: folder,
  DATABASE_URL: inboxFileIn(folder),
  HANDLED_FILE: join(folder, 'handled'),
});

function inboxFileIn(folder: string): string {
  return `sqlite:${join(folder, 'inbox.db')}`;
}

export interface ServiceOptions {
  readonly name: string;
  readonly says?: string;
  /** Without it, an SQLite file in the folder. */
  readonly databaseUrl?: string;
  /** A folder of wiring/; without it the configuration as it comes. */
  readonly wiring?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function service({ name, says = '', databaseUrl, wiring, env: more }: ServiceOptions): Contender {
  const config = wiring === undefined ? [] : ['--config', join(HERE, 'wiring', wiring)];
  return {
    name,
    says,
    path: `/webhooks/flexport?token=${TOKEN}`,
    start: (port, folder) =>
      node(port, [join(HERE, '../bin/consignee.js'), 'serve', ...config], {
        ...serviceEnv(folder),
        ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
        ...more,
      }),
  };
}

export const consignee = service({
  name: 'consignee',
  says: 'Consignee: address, token and HMAC checked, helmet, one log line, synced to SQLite, handled',
});

/** Consignee forwarding each event to one target, and to another one if there is a URL for it. */
export function forwarding(healthyUrl: string, downUrl?: string): Contender {
  const urls = { HEALTHY_URL: healthyUrl, ...(downUrl !== undefined && { DOWN_URL: downUrl }) };
  return service({ name: 'forwarding', wiring: 'forwarding', env: urls });
}

/** A server to forward to; see servers/target.ts. */
export async function target(mode: 'ok' | 'fail' | 'hang') {
  const port = await freePort();
  const child = node(port, [join(HERE, 'servers/target.ts'), String(port), mode]);
  await untilListening(port, child);
  return { port, url: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

export const plain: Contender = {
  name: 'plain',
  says: '(a) Express, HMAC checked, nothing stored',
  path: '/webhooks/flexport',
  start: (port) => node(port, [join(HERE, 'servers/plain.ts')]),
};

export const logged: Contender = {
  name: 'logged',
  says: '(b) the same with helmet and pino request logging',
  path: '/webhooks/flexport',
  start: (port) => node(port, [join(HERE, 'servers/plain.ts'), 'logged']),
};

const bare: Contender = {
  name: 'bare',
  says: '(c) bare node:http, HMAC checked, nothing stored',
  path: '/webhooks/flexport',
  start: (port) => node(port, [join(HERE, 'servers/bare.ts')]),
};

/** adnanh/webhook as Debian packages it: HMAC checked, then a program run for each request. */
const debian: Contender = {
  name: 'webhook',
  says: '(d) Debian’s webhook, HMAC checked, /bin/true run for each request',
  path: '/hooks/flexport',
  start(port, folder) {
    const hooks = join(folder, 'hooks.json');
    const parameter = { source: 'header', name: 'X-Hub-Signature' };
    const match = { type: 'payload-hmac-sha256', secret: BENCH_SECRET, parameter };
    writeFileSync(
      hooks,
      JSON.stringify([{ id: 'flexport', 'execute-command': '/bin/true', 'trigger-rule': { match } }]),
    );
    const args = ['-hooks', hooks, '-port', String(port), '-ip', '127.0.0.1'];
    return watched(spawn('webhook', args, { stdio: 'ignore' }));
  },
};

export const contenders: readonly Contender[] = [
  consignee,
  plain,
  logged,
  bare,
  ...(hasWebhook() ? [debian] : []),
];

function hasWebhook(): boolean {
  try {
    execFileSync('webhook', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A server, or several that share the load. */
export interface Running {
  readonly ports: readonly number[];
  readonly folders: readonly string[];
  rssMb(): number;
  cpuMicros(): number;
  stop(): Promise<void>;
}

/** `folder` keeps an inbox that is there already; without it the contender gets an empty one. */
export async function start(contender: Contender, folder?: string): Promise<Running> {
  const own = folder ?? newFolder();
  const port = await freePort();
  const child = contender.start(port, own);
  await untilListening(port, child);
  return {
    ports: [port],
    folders: [own],
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    cpuMicros: () => cpuMicrosOf(child.pid as number),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      if (folder === undefined) rmSync(own, { recursive: true, force: true });
    },
  };
}

/** So many of them, each with a folder of its own. */
export async function startSeveral(contender: Contender, count: number): Promise<Running> {
  const all: Running[] = [];
  for (let nth = 0; nth < count; nth++) all.push(await start(contender));
  const sum = (pick: (one: Running) => number) => all.reduce((total, one) => total + pick(one), 0);
  return {
    ports: all.flatMap(({ ports }) => ports),
    folders: all.flatMap(({ folders }) => folders),
    rssMb: () => sum((one) => one.rssMb()),
    cpuMicros: () => sum((one) => one.cpuMicros()),
    async stop() {
      await Promise.all(all.map((one) => one.stop()));
    },
  };
}

/** Beside the results, and never in the repository. */
export function newFolder(): string {
  return mkdtempSync(join(HERE, 'results-'));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the server does not listen');
}

export interface Result {
  readonly total: number;
  /** Processor time of the server and all its threads. */
  readonly cpuMicrosPerEvent: number;
  readonly answered: number;
  readonly perSecond: number;
  readonly refused: number;
  /** What came due and found no connection free until the end; open loop only. */
  readonly unsent: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Warm-up and what is measured, in milliseconds. */
export type Window = readonly [number, number];

/** Closed loop; with `rate`, so many events a second. */
export async function load(
  running: Running,
  { path }: Pick<Contender, 'path'>,
  bytes: number,
  [warmupMs, measuredMs]: Window,
  rate = 0,
): Promise<Result> {
  const ports = running.ports.join(',');
  const args = [join(HERE, 'load.ts'), ports, path, bytes, CONNECTIONS, warmupMs, measuredMs, rate];
  const child = watched(spawn(process.execPath, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] }));
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const before = running.cpuMicros();
  await once(child, 'close');
  const result = JSON.parse(output) as Omit<Result, 'cpuMicrosPerEvent'>;
  return { ...result, cpuMicrosPerEvent: (running.cpuMicros() - before) / result.total };
}
