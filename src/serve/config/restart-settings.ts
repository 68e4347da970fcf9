/**
 * For each part of the configuration the setting whose change takes a restart; undefined if a reload puts it in force. Asked by
 * ../instance.ts when the settings are read again.
 */
import type { Config } from './config.ts';

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

/** The names of all settings here. */
export const SERVICE_SETTINGS = [RESTART_SETTINGS, CONSOLE_RESTART_SETTINGS]
  .flatMap((settings) => Object.values<string | undefined>(settings))
  .filter((name) => name !== undefined);

/** The names of the settings that have changed and take a restart. */
export function restartsFor(before: Config, after: Config): string[] {
  return [
    ...changedSettings(RESTART_SETTINGS, before, after),
    ...changedSettings(CONSOLE_RESTART_SETTINGS, before.console, after.console),
  ];
}

function changedSettings<Part>(settings: RestartSettings<Part>, before: Part, after: Part): string[] {
  return (Object.keys(settings) as (keyof Part)[]).flatMap((name) => {
    const isSame = JSON.stringify(before[name]) === JSON.stringify(after[name]);
    return isSame ? [] : (settings[name] ?? []);
  });
}
