/** The servers that are measured, each a process of its own, started fresh for every run on a free port of loopback. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { BENCH_SECRET } from './secret.ts';

const HERE = import.meta.dirname;
/** Linux counts processor time in hundredths of a second. */
const TICK_MICROS = 10_000;
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
const node = (port: number, args: string[], more = {}) =>
  spawn(process.execPath, args, { env: { ...env(port), ...more }, stdio: ['ignore', 'ignore', 'inherit'] });

const serviceEnv = (folder: string) => ({
  HOST: '127.0.0.1',
  CONSOLE_PORT: '0',
  REQUIRE_HTTPS: 'false',
  SHUTDOWN_DELAY_MS: '0',
  FLEXPORT_WEBHOOK_TOKEN: TOKEN,
  FLEXPORT_ALLOW_FROM: '127.0.0.1',
  DATABASE_URL: `sqlite:${join(folder, 'inbox.db')}`,
});

export const consignee: Contender = {
  name: 'consignee',
  says: 'Consignee: address, token and HMAC checked, helmet, one log line, synced to SQLite, handled',
  path: `/webhooks/flexport?token=${TOKEN}`,
  start: (port, folder) => node(port, [join(HERE, '../bin/consignee.js'), 'serve'], serviceEnv(folder)),
};

/** Consignee forwarding each event to one target, and to another one if there is a URL for it. */
export function forwarding(healthyUrl: string, downUrl?: string): Contender {
  return {
    ...consignee,
    name: 'forwarding',
    start: (port, folder) =>
      node(port, [join(HERE, '../bin/consignee.js'), 'serve', '--config', join(HERE, 'wiring')], {
        ...serviceEnv(folder),
        HEALTHY_URL: healthyUrl,
        ...(downUrl !== undefined && { DOWN_URL: downUrl }),
      }),
  };
}

/** A server to forward to; see servers/target.ts. */
export async function target(mode: 'ok' | 'fail' | 'hang') {
  const port = await freePort();
  const child = node(port, [join(HERE, 'servers/target.ts'), String(port), mode]);
  await untilListening(port, child);
  return { port, url: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

const plain: Contender = {
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
    return spawn('webhook', ['-hooks', hooks, '-port', String(port), '-ip', '127.0.0.1'], {
      stdio: 'ignore',
    });
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

export interface Running {
  readonly port: number;
  readonly folder: string;
  rssMb(): number;
  cpuMicros(): number;
  stop(): Promise<void>;
}

/** `folder` keeps an inbox that is there already; without it the contender gets an empty one. */
export async function start(contender: Contender, folder?: string): Promise<Running> {
  const own = folder ?? mkdtempSync(join(HERE, 'results-'));
  const port = await freePort();
  const child = contender.start(port, own);
  await untilListening(port, child);
  return {
    port,
    folder: own,
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    cpuMicros() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      if (folder === undefined) rmSync(own, { recursive: true, force: true });
    },
  };
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
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export async function load(
  running: Running,
  contender: Contender,
  bytes: number,
  [warmupMs, measuredMs]: readonly [number, number],
): Promise<Result> {
  const args = [
    join(HERE, 'load.ts'),
    running.port,
    contender.path,
    bytes,
    CONNECTIONS,
    warmupMs,
    measuredMs,
  ];
  const child = spawn(process.execPath, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const before = running.cpuMicros();
  await once(child, 'close');
  const result = JSON.parse(output) as Omit<Result, 'cpuMicrosPerEvent'>;
  return { ...result, cpuMicrosPerEvent: (running.cpuMicros() - before) / result.total };
}
