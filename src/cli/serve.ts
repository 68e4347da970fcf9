/**
 * `consignee serve`: starts the service and stops it on SIGTERM or SIGINT.
 *
 * `--dev` is the first run: `.env` is made if it is missing and read, logs are for people, and the screen says what to
 * type next. Without it settings come from the environment only. A second signal ends the process at once.
 */
import { parseArgs } from 'node:util';
import { ConfigError, type Problem } from '../errors.ts';
import { examineInbox } from '../inbox/sqlite/files.ts';
import { createLog } from '../observability/log.ts';
import { standardOutput } from '../observability/output.ts';
import { type Receiver, startReceiver } from '../receiver.ts';
import type { Log } from '../types.ts';
import { writeEnvFile } from './init.ts';
import { reloadOnChange } from './reload.ts';
import { ENV_FILE, readSettings, type Settings } from './settings.ts';

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { dev: { type: 'boolean', default: false }, config: { type: 'string' } },
  });
  if (values.dev && process.env.NODE_ENV !== 'production' && writeEnvFile()) {
    process.stdout.write(`Wrote ${ENV_FILE} with fresh secrets (readable by you only).\n`);
  }
  const settings = await readSettings(values.config, values.dev);
  const { config } = settings;
  const problems: Problem[] = [...settings.problems];
  if (!problems.some(({ setting }) => setting === 'DATABASE_URL')) {
    const problem = examineInbox(config.inboxPath);
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const logOptions = { level: config.logLevel, pretty: values.dev };
  const output = standardOutput();
  const log = createLog(logOptions, output);
  const signalled = nextSignal();
  const receiver = await startReceiver({ ...settings, log, logOptions, output }).catch(explainPort);
  sayStarted(settings, receiver, log, values.dev);
  const stopWatching = reloadOnChange({
    settings,
    read: () => readSettings(values.config, values.dev),
    apply: receiver.reload,
    onHangup: !values.dev,
    dotenv: values.dev ? ENV_FILE : undefined,
    log,
  });
  const signal = await signalled;
  stopWatching();
  log.info({ signal }, 'stopping: not ready any more, finishing what is under way');
  nextSignal().then(() => process.exit(1));
  await receiver.stop();
  log.info({}, 'stopped');
  await new Promise<void>((resolve) => output.end(resolve));
  process.exit(0);
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

function sayStarted(settings: Settings, receiver: Receiver, log: Log, forPeople: boolean): void {
  const { config, warnings } = settings;
  for (const { setting, wrong, fix } of warnings) log.warn({ setting }, `${setting} ${wrong}. ${fix}`);
  const base = `http://${config.host === '0.0.0.0' ? 'localhost' : config.host}:${receiver.port}`;
  if (forPeople) process.stdout.write(welcome(settings, receiver, base));
  for (const source of config.sources) {
    const { name: source_, schemes, path, prefix } = source;
    if (schemes.length > 0) {
      if (!forPeople) log.info({ source: source_, path, verifies: schemes.join(',') }, 'source is on');
    } else log.warn({ source: source_, path }, `source is off: set ${prefix}_WEBHOOK_SECRET to switch it on`);
  }
  if (!forPeople) {
    log.info({ port: receiver.port, console: receiver.consolePort, inbox: config.inboxPath }, 'ready');
  }
}

function welcome({ config }: Settings, receiver: Receiver, base: string): string {
  const sources = config.sources
    .filter(({ schemes }) => schemes.length > 0)
    .map(({ preset, path, schemes }) => {
      return `  ${preset.title.padEnd(10)} ${`${base}${path}`.padEnd(44)} verifies ${schemes.join(' + ')}\n`;
    });
  return [
    '\nConsignee is ready. Providers send to:\n\n',
    ...sources,
    `\nEvents are kept in ${config.inboxPath}. Metrics: http://localhost:${receiver.consolePort}/metrics\n`,
    'Now, in a second terminal:\n\n  npm run send -- --all\n\n',
  ].join('');
}
