/**
 * The service as a test sees it: a process of its own with a real socket, a real inbox and real signals.
 *
 * Every setting that a test does not give is absent; ports are free ones; the inbox is a file in a folder of its own
 * that goes when the service does, unless the test gives a PostgreSQL database (postgres.ts) and looks in there.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import type { ServiceKnobs } from 'consignee';
import { type Line, type Run, run } from './command.ts';
import { FOUR, SECRET } from './project.ts';
import { waitFor } from './waiting.ts';

const BOOT_MS = 60_000;

export interface StoredEvent {
  readonly number: number;
  readonly source: string;
  readonly type: string | null;
  readonly external_id: string | null;
  readonly held: string | null;
  readonly headers: string;
  readonly body: Buffer;
}

/** A service that runs, be it a process or within the tests' own (open-service.ts). */
export interface RunningService {
  readonly port: number;
  readonly consolePort: number;
  readonly url: string;
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
  /** As SIGTERM does; a folder of its own goes with it. */
  stop(): Promise<unknown>;
}

export interface Service extends RunningService {
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<number | null>;
}

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder with sources.ts and perhaps service.ts. */
  readonly config?: string;
  /** In place of what service.ts says there. */
  readonly knobs?: ServiceKnobs;
  /** Its handlers write into the folder that it runs in. */
  readonly writesWhereItRuns?: boolean;
  /** URL of a PostgreSQL database to keep the inbox in. */
  readonly database?: string;
  /** Options for `serve`. */
  readonly args?: readonly string[];
  /** Keep using the folder of an earlier service. */
  readonly folder?: string;
  /** A program and its arguments to run the service under, strace for one. */
  readonly under?: readonly string[];
  /** Where another release of the project is. */
  readonly root?: string;
}

const ALL_ON = Object.fromEntries(
  ['FLEXPORT', 'SHIPPO', 'FLINTN', 'FLATFILE'].map((source) => [`${source}_WEBHOOK_SECRET`, SECRET]),
);

/** What production has by default and a test on one machine has no use for. */
export const PLAIN = { REQUIRE_HTTPS: 'false', SHUTDOWN_DELAY_MS: '0' };

/** Retries and rests in a hurry. */
export const HURRIED = {
  circuit: { failures: 3, restMs: 100, restMaxMs: 400 },
  backoff: { baseMs: 40, capMs: 100 },
} satisfies ServiceKnobs;

/** A service with all four sources on by HMAC, unless `env` is given. Rejects with its output if it does not start. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const { folder, config, env } = placeOf(options);
  const args = ['serve', ...(config ? ['--config', config] : []), ...(options.args ?? [])];
  const child = run(args, {
    env,
    cwd: folder,
    ...(options.under && { under: options.under }),
    ...(options.root && { root: options.root }),
  });
  const ended = once(child.process, 'exit') as Promise<[number | null]>;
  const ready = await Promise.race([
    waitFor(() => readyLine(child), BOOT_MS, child.output),
    ended.then(([code]) => {
      throw new Error(`the service ended with ${code}:\n${child.output()}`);
    }),
  ]);
  const kill = async (signal: NodeJS.Signals) => {
    child.process.kill(signal);
    return (await ended)[0];
  };
  return {
    ...viewOf(folder, child, { port: Number(ready.port), consolePort: Number(ready.console) }),
    pid: child.process.pid as number,
    kill,
    async stop() {
      const code = await kill('SIGTERM');
      if (!options.folder) rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

/** Where it runs and with what, as the options and their defaults say. Knobs are written into a folder of that name. */
export function placeOf({ folder: given, config, knobs, database, env }: ServiceOptions, name = 'config') {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'consignee-'));
  return {
    folder,
    config: knobs ? writeConfig(join(folder, name), config, knobs) : config,
    env: {
      DATABASE_URL: database ?? `sqlite:${inboxOf(folder)}`,
      PORT: '0',
      CONSOLE_PORT: '0',
      HOST: '127.0.0.1',
      ...(env?.NODE_ENV !== 'production' && PLAIN),
      ...(env ?? ALL_ON),
    },
  };
}

const inboxOf = (folder: string) => join(folder, 'inbox.db');

/** What can be seen of it: its ports, its log, its inbox. */
export function viewOf(
  folder: string,
  { output, lines }: Pick<Run, 'output' | 'lines'>,
  ports: Pick<RunningService, 'port' | 'consolePort'>,
): Omit<RunningService, 'stop'> {
  const inboxPath = inboxOf(folder);
  return {
    ...ports,
    url: `http://127.0.0.1:${ports.port}`,
    inboxPath,
    folder,
    output,
    lines,
    line: (matches, waitMs = 20_000) => waitFor(() => lines().find(matches), waitMs, output),
    sql: (query, ...values) => readInbox(inboxPath, query, ...values),
    events: () => readInbox<StoredEvent>(inboxPath, 'SELECT * FROM inbox ORDER BY number').map(withBuffer),
  };
}

/** With `--dev` lines are for people, and the screen says where everything is. */
function readyLine(child: Run): Line | undefined {
  const [, port] = /http:\/\/127\.0\.0\.1:(\d+)\/webhooks/.exec(child.output()) ?? [];
  const [, console] = /http:\/\/localhost:(\d+)\/metrics/.exec(child.output()) ?? [];
  if (port && console) return { port, console };
  return child.lines().find((line) => line.msg === 'ready');
}

/** The wiring of one folder with other knobs, in another. */
function writeConfig(config: string, wiring = FOUR, knobs: ServiceKnobs): string {
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(config, 'sources.ts'), `export { default } from '${join(wiring, 'sources.ts')}';\n`);
  writeFileSync(join(config, 'service.ts'), `export default ${inspect(knobs, { depth: null })};\n`);
  return config;
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
