/**
 * `consignee serve`: starts the service and stops it on SIGTERM or SIGINT.
 *
 * `--dev` is the first run: `.env` is made if it is missing and read, logs are for people, and the screen says what to
 * type next. Without it this is production, and settings come from the environment only. A signal counts from the first moment on,
 * whatever the start is waiting for; a second one ends the process at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ConfigError, type Problem } from '../base/errors.ts';
import { createLog, type Log, type Output, standardOutput } from '../base/log/log.ts';
import { makePrivateFolder } from '../base/private-files.ts';
import { VERSION } from '../base/version.ts';
import { driverOf } from '../inbox/driver.ts';
import type { Config } from '../serve/config/config.ts';
import { isAboutDatabase } from '../serve/config/database.ts';
import { type Receiver, startReceiver } from '../serve/receiver.ts';
import type { Role } from '../serve/work.ts';
import { firstSetting, formSecretsOf } from '../verify/checks.ts';
import { writeEnvFile } from './init.ts';
import { reloadOnChange } from './reload.ts';
import { ENV_FILE, readSettings, type Settings } from './settings.ts';
import { FLAG, hostInUrl, misused, TEXT } from './terminal.ts';
import { welcome } from './welcome.ts';

const LAST_STEPS_MS = 1_000;

export const usage = `Usage: consignee serve [--dev] [--receive-only | --dispatch-only]

  --dev             on a developer's machine: reads .env, and writes one with fresh secrets if there is none;
                    readable logs, no TLS asked for. Without it, this is production
  --receive-only    takes webhooks in, and leaves their handlers to other processes
  --dispatch-only   runs handlers, and takes nothing in

The two need PostgreSQL; together, and with as many processes of each as you like, they do what one does without them.
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

type Running = Awaited<ReturnType<typeof startServing>>;

/** A start that was almost through is stopped as any service is. One that waits has nothing to finish. */
async function lastStepsOf(starting: Promise<Running>): Promise<Running | undefined> {
  return await Promise.race([starting, sleep(LAST_STEPS_MS, undefined)]);
}

async function startServing(values: ServeValues, role: Role) {
  if (values.dev && process.env.NODE_ENV !== 'production') await writeEnvFile(values.config);
  const read = () => readSettings(values.config, values.dev, values.dev ? undefined : true);
  const settings = await read();
  const { config } = settings;
  const { problems, remarks } = await examinePlaces(settings, role);
  if (problems.length > 0) throw new ConfigError(problems);

  const logOptions = { level: config.logLevel, pretty: values.dev };
  const output = standardOutput();
  const log = createLog(logOptions, output);
  const receiver = await startReceiver({ ...settings, role, log, logOptions, output }).catch(explainPort);
  for (const { isWell, says } of remarks) if (!isWell) log.warn({ setting: 'DATABASE_URL' }, says);
  sayStarted(settings, receiver, role, { log, output, forPeople: values.dev });
  const stopWatching = reloadOnChange({
    settings,
    read,
    apply: receiver.reload,
    onHangup: !values.dev,
    dotenv: values.dev ? ENV_FILE : undefined,
    log,
  });
  return { receiver, stopWatching, log, output };
}

async function stopServing({ receiver, stopWatching, log, output }: Running, signal: string): Promise<void> {
  stopWatching();
  log.info({ signal }, 'stopping: not ready any more, finishing what is under way');
  await receiver.stop();
  log.info({}, 'stopped');
  await new Promise<void>((resolve) => output.end(resolve));
}

/** All that is wrong with the settings, and with the places they name. */
async function examinePlaces({ problems, config }: Settings, role: Role) {
  if (problems.some(isAboutDatabase)) return { problems, remarks: [] };
  const driver = driverOf(config.database);
  if (role !== 'both' && !driver.isShared) return { problems: [...problems, ownerAlone(role)], remarks: [] };
  const { problem, remarks } = await driver.examine('start');
  const folder = driver.file === undefined ? folderProblem(config) : undefined;
  return { problems: [...problems, problem, folder].filter((one) => one !== undefined), remarks };
}

function ownerAlone(role: Role): Problem {
  const wrong = `names an SQLite file, which one process alone may own, and --${role}-only leaves work to another`;
  const fix = `Use PostgreSQL, as in postgres://user:password@host:5432/database, or leave --${role}-only out.`;
  return { setting: 'DATABASE_URL', wrong, fix };
}

function folderProblem({ dataDir }: Config): Problem | undefined {
  try {
    makePrivateFolder(dataDir);
    return undefined;
  } catch (error) {
    const wrong = `names a folder that cannot be made (${(error as NodeJS.ErrnoException).code})`;
    return { setting: 'DATA_DIR', wrong, fix: 'Check the path and who may write there.' };
  }
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

interface Saying {
  readonly log: Log;
  readonly output: Output;
  readonly forPeople: boolean;
}

/** To people last of all what they can do next. */
function sayStarted(
  settings: Settings,
  receiver: Receiver,
  role: Role,
  { log, output, forPeople }: Saying,
): void {
  const { config, warnings } = settings;
  for (const { setting, wrong, fix } of warnings) log.warn({ setting }, `${setting} ${wrong}. ${fix}`);
  const base = `http://${hostInUrl(config.host)}:${receiver.port}`;
  for (const source of role === 'dispatch' ? [] : config.sources) {
    const { name, schemes, path } = source;
    if (schemes.length === 0)
      log.warn({ source: name, path }, `source is off: set ${firstSetting(source)} to switch it on`);
    else if (source.takesSecrets && formSecretsOf(source).length === 0)
      log.warn(
        { source: name, path },
        'source waits for the secret of a handshake, and takes no event before',
      );
    else if (!forPeople) log.info({ source: name, path, verifies: schemes.join(',') }, 'source is on');
  }
  if (forPeople) output.write(welcome(settings, receiver, role, base));
  else {
    const { port, consolePort, connections } = receiver;
    const inbox = driverOf(config.database).place;
    const limits = { connections: connections.all, connectionsPerAddress: connections.address };
    const wiring = fileURLToPath(settings.wiring);
    log.info({ version: VERSION, port, console: consolePort, inbox, role, wiring, ...limits }, 'ready');
  }
}
