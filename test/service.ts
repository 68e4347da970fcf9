/**
 * The service as a test sees it: a process of its own with a real socket, a real inbox and real signals.
 *
 * Every setting that a test does not give is absent; ports are free ones; the inbox is a file in a folder of its own
 * that goes when the service does, unless the test gives a PostgreSQL database (test/postgres.ts) and looks in there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const ROOT = join(import.meta.dirname, '..');
export const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
const BOOT_MS = 15_000;

export interface Line {
  readonly [field: string]: unknown;
}

export interface StoredEvent {
  readonly number: number;
  readonly source: string;
  readonly type: string | null;
  readonly external_id: string | null;
  readonly held: string | null;
  readonly headers: string;
  readonly body: Buffer;
}

export interface Service {
  readonly port: number;
  readonly consolePort: number;
  readonly url: string;
  readonly pid: number;
  readonly inboxPath: string;
  readonly folder: string;
  /** Everything written to standard output and standard error so far. */
  output(): string;
  /** The log's records so far. */
  lines(): Line[];
  /** Waits for a record; throws with the output if it does not come. */
  line(matches: (line: Line) => boolean, waitMs?: number): Promise<Line>;
  /** What the inbox file holds, oldest first. */
  events(): StoredEvent[];
  sql<T = Line>(query: string, ...values: (string | number)[]): T[];
  kill(signal: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<number | null>;
}

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder with sources.ts and perhaps service.ts. */
  readonly config?: string;
  /** URL of a PostgreSQL database to keep the inbox in. */
  readonly database?: string;
  /** Options for `serve`. */
  readonly args?: readonly string[];
  /** Keep using the folder of an earlier service. */
  readonly folder?: string;
  /** A program and its arguments to run the service under, strace for one. */
  readonly under?: readonly string[];
}

const ALL_ON = Object.fromEntries(
  ['FLEXPORT', 'SHIPPO', 'FLINTN', 'FLATFILE'].map((source) => [`${source}_WEBHOOK_SECRET`, SECRET]),
);

/** A service with all four sources on by HMAC, unless `env` is given. Rejects with its output if it does not start. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'consignee-'));
  const inboxPath = join(folder, 'inbox.db');
  const args = ['serve', ...(options.config ? ['--config', options.config] : []), ...(options.args ?? [])];
  const child = run(args, {
    env: {
      DATABASE_URL: options.database ?? `sqlite:${inboxPath}`,
      PORT: '0',
      CONSOLE_PORT: '0',
      HOST: '127.0.0.1',
      ...(options.env ?? ALL_ON),
    },
    cwd: folder,
    ...(options.under && { under: options.under }),
  });
  const ended = once(child.process, 'exit') as Promise<[number | null]>;
  const ready = await Promise.race([
    waitFor(() => child.lines().find((line) => line.msg === 'ready'), BOOT_MS, child.output),
    ended.then(([code]) => {
      throw new Error(`the service ended with ${code}:\n${child.output()}`);
    }),
  ]);
  const kill = async (signal: NodeJS.Signals) => {
    child.process.kill(signal);
    return (await ended)[0];
  };
  return {
    port: Number(ready.port),
    consolePort: Number(ready.console),
    url: `http://127.0.0.1:${ready.port}`,
    pid: child.process.pid as number,
    inboxPath,
    folder,
    output: child.output,
    lines: child.lines,
    line: (matches, waitMs = 5_000) => waitFor(() => child.lines().find(matches), waitMs, child.output),
    sql: (query, ...values) => readInbox(inboxPath, query, ...values),
    events: () => readInbox<StoredEvent>(inboxPath, 'SELECT * FROM inbox ORDER BY number').map(withBuffer),
    kill,
    async stop() {
      const code = await kill('SIGTERM');
      if (!options.folder) rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

export interface Run {
  readonly process: ChildProcess;
  output(): string;
  lines(): Line[];
}

/** Starts a command of the project with just this environment. */
export function run(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string; under?: readonly string[] } = {},
): Run {
  const [program = '', ...rest] = [
    ...(options.under ?? []),
    process.execPath,
    join(ROOT, 'bin/consignee.js'),
    ...args,
  ];
  const child = spawn(program, rest, {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const lines = () =>
    text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
  return { process: child, output: () => text, lines };
}

/** Runs a command of the project to its end. */
export async function runToEnd(
  ...parameters: Parameters<typeof run>
): Promise<{ code: number | null; output: string }> {
  const command = run(...parameters);
  const [code] = (await once(command.process, 'close')) as [number | null];
  return { code, output: command.output() };
}

/** Polls until `look` finds something. */
export async function waitFor<T>(
  look: () => T | undefined | false,
  waitMs: number,
  describe: () => string,
): Promise<T> {
  for (const end = performance.now() + waitMs; ; ) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`nothing came within ${waitMs} ms:\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes bytes on a socket and collects what comes back until the other side closes, or `waitMs` of silence. */
export function raw(port: number, bytes: string | Buffer, waitMs = 300): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    const silence = () => socket.destroy();
    let timer = setTimeout(silence, 5_000);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
      clearTimeout(timer);
      timer = setTimeout(silence, waitMs);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error));
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

function readInbox<T>(path: string, query: string, ...values: (string | number)[]): T[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare(query).all(...values) as T[];
  } finally {
    database.close();
  }
}

function withBuffer(event: StoredEvent): StoredEvent {
  return { ...event, body: Buffer.from(event.body ?? []) };
}
