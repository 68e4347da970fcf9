/**
 * `consignee serve`: starts the service and stops it on SIGTERM or SIGINT.
 *
 * `--dev` is the first run: `.env` is made if it is missing and read, logs are for people, and the screen says what to
 * type next. Without it this is production, and settings come from the environment only. A signal counts from the first moment on,
 * whatever the start is waiting for; a second one ends the process at once.
 */
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { standardOutput } from '../base/log/log.ts';
import { driverOf } from '../inbox/driver.ts';
import { Instance } from '../serve/instance.ts';
import type { Role } from '../serve/status.ts';
import { firstSetting } from '../verify/switches.ts';
import { writeEnvFile } from './init.ts';
import { reloadOnChange } from './reload.ts';
import { ENV_FILE, readSettings, type Settings } from './settings.ts';
import { columns, FLAG, hostInUrl, misused, TEXT } from './terminal.ts';

const LAST_STEPS_MS = 1_000;

export const usage = `Usage: consignee serve [--dev] [--receive-only | --dispatch-only]

  --dev             on a developer's machine: reads .env, and writes one with
                    fresh secrets if there is none; readable logs, no TLS asked
                    for. Without it, this is production
  --receive-only    takes webhooks in, and leaves their handlers to others
  --dispatch-only   runs handlers, and takes nothing in

The two need PostgreSQL; together, and with as many processes of each as you
like, they do what one does without them.
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { dev: FLAG, 'receive-only': FLAG, 'dispatch-only': FLAG, config: TEXT },
  });
  const { 'receive-only': receiveOnly, 'dispatch-only': dispatchOnly } = values;
  if (receiveOnly && dispatchOnly) {
    const mistake = '--receive-only and --dispatch-only leave nothing to do: give one of them, or neither';
    return misused(mistake, usage);
  }
  const role: Role = receiveOnly ? 'receive' : dispatchOnly ? 'dispatch' : 'both';
  // The first process of a container hears no signal that it does not listen to.
  const signalled = nextSignal();
  const starting = startServing(values, role);
  const running =
    (await Promise.race([starting, signalled.then(() => undefined)])) ?? (await lastStepsOf(starting));
  const signal = await signalled;
  nextSignal().then(() => process.exit(1));
  if (running) await stopServing(running, signal);
  else process.stderr.write(`consignee: ${signal} has come before the service was ready: not started\n`);
  process.exit(0);
}

interface ServeValues {
  readonly dev: boolean;
  readonly config?: string | undefined;
}

type Serving = Awaited<ReturnType<typeof startServing>>;

/** A start that was almost through is stopped as any service is. One that waits has nothing to finish. */
async function lastStepsOf(starting: Promise<Serving>): Promise<Serving | undefined> {
  return await Promise.race([starting, sleep(LAST_STEPS_MS, undefined)]);
}

async function startServing({ dev, config }: ServeValues, role: Role) {
  if (dev && process.env.NODE_ENV !== 'production') await writeEnvFile(config);
  const output = standardOutput();
  const instance = new Instance({
    read: () => readSettings(config, dev, dev ? undefined : true),
    role,
    output: () => output,
    pretty: dev,
    signals: false,
    isOwnProcess: true,
  });
  const readAt = performance.timeOrigin + performance.now();
  await instance.start();
  const ports = await openPorts(instance).catch(explainPort);
  if (dev) output.write(welcome(instance.settings, ports, role, baseOf(instance, ports.port)));
  const stopWatching = reloadOnChange({
    settings: instance.settings,
    readAt,
    async reload() {
      await instance.reload();
      return instance.settings;
    },
    onHangup: !dev,
    dotenv: dev ? ENV_FILE : undefined,
    log: instance.log,
  });
  return { instance, stopWatching };
}

/** The operators' first: whoever asks there waits for no sender. */
async function openPorts(instance: Instance) {
  const consolePort = await instance.openConsole();
  return { consolePort, ...(await instance.listen()) };
}

function baseOf({ settings }: Instance, port: number): string {
  return `http://${hostInUrl(settings.config.host)}:${port}`;
}

async function stopServing({ instance, stopWatching }: Serving, signal: string): Promise<void> {
  stopWatching();
  await instance.stop({}, { signal });
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

function explainPort(error: NodeJS.ErrnoException & { port?: number }): never {
  if (error.code === 'EADDRINUSE') {
    throw new Error(`port ${error.port} is taken by another program. Stop it, or set PORT or CONSOLE_PORT.`);
  }
  if (error.code === 'EACCES')
    throw new Error(`port ${error.port} needs privileges. Set PORT to 1024 or above.`);
  throw error;
}

/** In a project of one's own it is below node_modules. */
const FIRST_WEBHOOK = relative('.', join(import.meta.dirname, '../../docs/first-webhook.md'));

/** Before `.env` is read: what a second terminal does not see. */
const GIVEN_PORT = process.env.PORT;

/** What the screen says once a service on a developer's machine runs: where providers send to, and what to type next. */
function welcome(
  { config }: Settings,
  { port, consolePort }: { readonly port: number; readonly consolePort: number },
  role: Role,
  base: string,
): string {
  const on = config.sources.filter(({ schemes }) => schemes.length > 0);
  const sources = on.map(({ preset, path, schemes }) => {
    return [`  ${preset.title}`, `${base}${path}`, `verifies ${schemes.join(' + ')}`];
  });
  const isUsual = GIVEN_PORT === undefined && port === config.port;
  const send = `npm run send -- --all${isUsual ? '' : ` --to ${base}`}`;
  const [source] = config.sources;
  const next =
    on.length > 0 || !source
      ? `in a second terminal:\n\n  ${send}`
      : `switch a source on, in ${ENV_FILE}:\n\n  ${firstSetting(source).replace(/^[^=]+$/, '$&=…')}`;
  const receives = role !== 'dispatch';
  return [
    `\nConsignee is ready${ROLES[role]}.`,
    ...(receives ? [' Providers send to:\n\n', ...columns(sources).map((line) => `${line}\n`)] : ['\n']),
    `\nEvents are kept in ${driverOf(config.database).place}. Metrics: http://localhost:${consolePort}/metrics\n`,
    receives ? `Now, ${next}\n\n` : '\n',
    'After a change in config/, start it again.\n',
    receives ? `For the first webhook of a provider itself: ${FIRST_WEBHOOK}\n\n` : '\n',
  ].join('');
}

const ROLES: Readonly<Record<Role, string>> = {
  both: '',
  receive: ', and only receives: handlers run elsewhere',
  dispatch: ', and only runs handlers: it takes nothing in',
};
