/**
 * Reads changed settings without a restart: on SIGHUP, and when a file that a `…_FILE` setting names (in development also
 * `.env`) has changed. What a reload can put in force is in force then; what takes a restart is said in the log; a reading
 * with problems changes nothing and says so. Used by serve.ts.
 */
import { type Stats, unwatchFile, watchFile } from 'node:fs';
import type { Problem } from '../base/errors.ts';
import type { Log } from '../base/log/log.ts';
import type { Config } from '../serve/config/config.ts';
import { SCHEMES } from '../verify/schemes.ts';
import type { Settings } from './settings.ts';

/** Polled: notifications do not see through the links that orchestrators swap. */
const LOOK_MS = 1_000;

interface ReloadOptions {
  readonly settings: Settings;
  readonly read: () => Promise<Settings>;
  readonly apply: (config: Config, warnings: readonly Problem[]) => Promise<void>;
  /** The file that settings are read from in development. */
  readonly dotenv: string | undefined;
  /** In a terminal SIGHUP means that the terminal has gone. */
  readonly onHangup: boolean;
  readonly log: Log;
}

/** Answers with a function that stops it. */
export function reloadOnChange({ settings, read, apply, dotenv, onHangup, log }: ReloadOptions): () => void {
  let current = settings;
  let watched: string[] = [];
  let reading: Promise<void> = Promise.resolve();

  /** Watches each file once: for a file that is not there, a second watch would call at once. */
  function watch(): void {
    const wanted = filesOf(current, dotenv);
    for (const file of watched) if (!wanted.includes(file)) unwatchFile(file, onLook);
    for (const file of wanted) {
      if (!watched.includes(file)) watchFile(file, { interval: LOOK_MS, persistent: false }, onLook);
    }
    watched = wanted;
  }

  function onLook(now: Stats, before: Stats): void {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) onChange();
  }

  function onChange(): void {
    reading = reading.then(reload, reload);
  }

  async function reload(): Promise<void> {
    const next = await read().catch((error: Error) => {
      log.error({ reason: error.message }, 'the changed settings cannot be read: the old ones stay in force');
      return undefined;
    });
    if (!next) return;
    for (const { setting, wrong, fix } of next.problems)
      log.error({ setting }, `${setting} ${wrong}. ${fix}`);
    if (next.problems.length > 0) {
      log.error({}, 'the changed settings have problems: the old ones stay in force');
      return;
    }
    const [before, after] = [current.config, next.config];
    const changed = [
      ...changedSettings(RESTART_SETTINGS, before, after),
      ...changedSettings(CONSOLE_RESTART_SETTINGS, before.console, after.console),
    ];
    for (const name of changed) log.warn({ setting: name }, `${name} has changed: that takes a restart`);
    current = next;
    await apply(next.config, next.warnings);
    watch();
    log.info({}, 'settings read again');
  }

  watch();
  if (onHangup) process.on('SIGHUP', onChange);
  return function stopWatching(): void {
    process.off('SIGHUP', onChange);
    for (const file of watched) unwatchFile(file, onLook);
  };
}

/** The files that hold settings which a reload can change. Handlers read theirs once. */
function filesOf({ config, environment }: Settings, dotenv: string | undefined): string[] {
  const ofSources = config.sources.flatMap(({ prefix }) => {
    return SCHEMES.map(({ setting }) => `${prefix}_${setting}`);
  });
  const named = ['CONSOLE_TOKEN', 'CONSOLE_READ_TOKEN', 'ALARM_SECRET', ...ofSources].map(
    (name) => environment[`${name}_FILE`],
  );
  return [...new Set([dotenv, ...named])].flatMap((file) => file || []);
}

/** For each part of the configuration the setting whose change takes a restart; undefined if a reload puts it in force. */
type RestartSettings<Part> = { readonly [Name in keyof Part]-?: string | undefined };

/** The compiler asks for every part of Config, so that a new setting cannot be forgotten here. */
const RESTART_SETTINGS: RestartSettings<Omit<Config, 'console'>> = {
  production: 'NODE_ENV',
  host: 'HOST',
  port: 'PORT',
  trustProxy: 'TRUST_PROXY',
  requireHttps: 'REQUIRE_HTTPS',
  database: 'DATABASE_URL',
  dataDir: 'DATA_DIR',
  // It follows from the two before.
  refusedPath: undefined,
  retentionDays: 'RETENTION_DAYS',
  logLevel: 'LOG_LEVEL',
  shutdownDelayMs: 'SHUTDOWN_DELAY_MS',
  alarmTarget: undefined,
  sources: undefined,
  // config/service.ts is imported once: it cannot change before the restart.
  knobs: undefined,
};

const CONSOLE_RESTART_SETTINGS: RestartSettings<Config['console']> = {
  host: 'CONSOLE_HOST',
  port: 'CONSOLE_PORT',
  tokens: undefined,
  readTokens: undefined,
};

function changedSettings<Part>(settings: RestartSettings<Part>, before: Part, after: Part): string[] {
  return (Object.keys(settings) as (keyof Part)[]).flatMap((name) => {
    const isSame = JSON.stringify(before[name]) === JSON.stringify(after[name]);
    return isSame ? [] : (settings[name] ?? []);
  });
}
