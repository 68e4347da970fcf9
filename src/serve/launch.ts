/**
 * The start of one service: looks whether it may start, opens its log, has receiver.ts do the rest and says what is on. Called by
 * instance.ts, which loads it then: whoever imports 'consignee' for presets and handlers alone, as handlers' threads and commands
 * do, does not pay for the whole service.
 */
import { ConfigError } from '../base/errors.ts';
import { createLog, type Log, type LogOptions, type Output } from '../base/log/log.ts';
import type { Environment } from '../base/settings/environment.ts';
import { restartsFor } from './config/restart-settings.ts';
import { type Settings, sound } from './config/settings.ts';
import type { ListenOptions } from './consignee.ts';
import { sayReady, sayWhatIsOn } from './greeting.ts';
import { examinePlaces } from './places.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import type { WorkOptions } from './work.ts';

export interface LaunchOptions extends Pick<WorkOptions, 'role' | 'isOwnProcess'> {
  /** Asked at the start, and for each reload. */
  readonly read: (changed?: Environment) => Promise<Settings>;
  /** Where the log goes. Its end calls back once every line is out. */
  readonly output: () => Output & { end(done: () => void): void };
  /** See LogOptions. */
  readonly pretty: boolean;
}

export interface Running {
  /** Those of the last reload. */
  readonly settings: Settings;
  readonly receiver: Receiver;
  readonly log: Log;
  readonly endLog: () => Promise<void>;
  /** Opens a public port, and says that it is ready. `consolePort`: the one that is open. */
  listen(where: ListenOptions, consolePort: number | undefined): Promise<{ readonly port: number }>;
  reload(changed?: Environment): Promise<void>;
}

/** Throws ConfigError with every problem, or the signal's reason; nothing is left open then. */
export async function launch(options: LaunchOptions, signal: AbortSignal): Promise<Running> {
  let settings = await options.read();
  const { problems, remarks } = await examinePlaces(settings, options.role);
  if (problems.length > 0) throw new ConfigError(problems);
  signal.throwIfAborted();
  const logs = openLog(settings, options);
  const { log, endLog } = logs;
  const starting = startReceiver({ ...options, ...settings, ...logs, signal });
  const receiver = await starting.catch(async (error) => {
    await endLog();
    throw signal.aborted ? signal.reason : error;
  });
  for (const { isWell, says } of remarks) if (!isWell) log.warn({ setting: 'DATABASE_URL' }, says);
  sayWhatIsOn(settings, options, log);
  return {
    get settings() {
      return settings;
    },
    receiver,
    log,
    endLog,
    async listen(where, consolePort) {
      const { host, port: usual } = settings.config;
      const port = await receiver.listen({ host: where.host ?? host, port: where.port ?? usual });
      const ports = { port, console: consolePort };
      sayReady(settings, options, log, { ...ports, limits: receiver.connections });
      return { port };
    },
    async reload(changed) {
      const next = sound(await options.read(changed));
      for (const setting of restartsFor(settings.config, next.config))
        log.warn({ setting }, `${setting} has changed: that takes a restart`);
      settings = next;
      await receiver.reload(next);
      log.info({}, 'settings read again');
    },
  };
}

function openLog({ config }: Settings, { pretty, output: open }: LaunchOptions) {
  const logOptions: LogOptions = { level: config.logLevel, pretty };
  const output = open();
  const endLog = () => new Promise<void>((resolve) => output.end(resolve));
  return { logOptions, output, log: createLog(logOptions, output), endLog };
}
