/**
 * Changed settings without a restart: on SIGHUP, and when a file that a `…_FILE` setting names (in development also `.env`)
 * has changed. Secrets, tokens, allowlists and limits of sources change, and the console's token; a reading with problems
 * changes nothing and says so. Used by serve.ts.
 */
import { unwatchFile, watchFile } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { Log } from '../types.ts';
import type { Settings } from './settings.ts';

/** Polled: notifications do not see through the links that orchestrators swap. */
const LOOK_MS = 1_000;

export interface ReloadOptions {
  readonly settings: Settings;
  readonly read: () => Promise<Settings>;
  readonly apply: (config: Config) => void;
  readonly files: (settings: Settings) => string[];
  /** In a terminal SIGHUP means that the terminal has gone. */
  readonly onHangup: boolean;
  readonly log: Log;
}

/** Answers with a function that stops it. */
export function reloadOnChange({ settings, read, apply, files, onHangup, log }: ReloadOptions): () => void {
  let current = settings;
  let watched: string[] = [];
  let reading: Promise<void> = Promise.resolve();

  function watch(): void {
    for (const file of watched) unwatchFile(file, onChange);
    watched = files(current);
    for (const file of watched) watchFile(file, { interval: LOOK_MS, persistent: false }, onChange);
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
    for (const name of needsRestart(current.config, next.config)) {
      log.warn({ setting: name }, `${name} has changed: that takes a restart`);
    }
    current = next;
    apply(next.config);
    watch();
    log.info({}, 'settings read again');
  }

  watch();
  if (onHangup) process.on('SIGHUP', onChange);
  return function stopWatching(): void {
    process.off('SIGHUP', onChange);
    for (const file of watched) unwatchFile(file, onChange);
  };
}

function needsRestart(before: Config, after: Config): string[] {
  const same = (name: keyof Config) => JSON.stringify(before[name]) === JSON.stringify(after[name]);
  const settings: Partial<Record<keyof Config, string>> = {
    host: 'HOST',
    port: 'PORT',
    trustProxy: 'TRUST_PROXY',
    requireHttps: 'REQUIRE_HTTPS',
    inboxPath: 'DATABASE_URL',
    retentionDays: 'RETENTION_DAYS',
    logLevel: 'LOG_LEVEL',
    shutdownDelayMs: 'SHUTDOWN_DELAY_MS',
  };
  return (Object.keys(settings) as (keyof Config)[])
    .filter((name) => !same(name))
    .map((name) => settings[name] ?? name);
}
